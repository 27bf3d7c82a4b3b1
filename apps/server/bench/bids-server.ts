import { startLoop } from '#platform/loop'
import { createAuctions } from '#modules/auctions'
import { serveRoutes, type Parts } from '../src/modules/auctions/routes.ts'
import { listen, openParts, serve } from './server-parts.ts'

// One server process with the real module on one port and, on another, the same route whose bids are kept nowhere.

const { parts, newHttp } = openParts({ connectionsMax: 12 })
const { clock, ids, ephemeral, log } = parts

const real = newHttp()
const { module } = createAuctions(parts, { streamsMax: 10_000 })
module.routes!(real)
const broadcast = module.loops!.find(({ name }) => name === 'auctions.broadcast')!
startLoop(broadcast, { scheduler: clock, log })

const bare = newHttp()
let sequence = 0
// Of the other parts the route of bidding uses none.
serveRoutes(bare, {
  bids: {
    place: async ({ lotId, accountId, amount }: { lotId: string; accountId: string; amount: number }) => {
      await ephemeral.count(`bare:${lotId}:${accountId}`, 10_000)
      const bid = { id: ids('bid'), lotId, accountId, amount, sequence: ++sequence, at: new Date(clock.now()) }
      return { bid, rank: 1, chancesLeft: 2 }
    },
  },
} as unknown as Parts)

serve({ realUrl: await listen(real), bareUrl: await listen(bare) })
