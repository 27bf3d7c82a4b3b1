import { createWaitingRoom } from '#modules/waiting-room'
import { createDefences, defaultDefences } from '../src/modules/waiting-room/defences.ts'
import { deviceCookie } from '../src/modules/waiting-room/device-cookie.ts'
import { createJoining } from '../src/modules/waiting-room/joining.ts'
import { serveRoutes, type Parts } from '../src/modules/waiting-room/routes.ts'
import { saleOf } from './holds-sale.ts'
import { listen, openParts, serve } from './server-parts.ts'

// One server process with the real module on one port and, on another, the same route whose places are kept nowhere.

const { parts, newHttp } = openParts({ connectionsMax: 12 })
const { clock, ids, tokens, log } = parts

const real = newHttp()
createWaitingRoom(parts, {
  gatherMinutes: 60,
  claimSeconds: 60,
  streamsMax: 0,
  documentEveryMs: 250,
  defences: { exemptLoopback: true },
}).module.routes!(real)

const bare = newHttp()
const defences = createDefences(parts, { ...defaultDefences, exemptLoopback: true })
let number = 0
const documents = {
  read: async (id: string) => ({ document: { saleId: saleOf(Number(id.slice('lin_bench'.length))) } }),
} as never
const joining = createJoining({
  log,
  challenges: undefined,
  defences,
  documents,
  places: {
    join: async ({ lineId, accountId }: { lineId: string; accountId: string }) => ({
      isNew: true,
      place: {
        lineId,
        accountId,
        number: ++number,
        id: ids('place'),
        saleId: saleOf(0),
        joinedAt: new Date(clock.now()),
        state: 'waiting' as const,
      },
    }),
  } as never,
})
// Of the other parts the route of joining uses none.
serveRoutes(bare, {
  documents,
  tokens,
  joining,
  defences,
  cookie: deviceCookie(parts, { secure: false }),
} as unknown as Parts)

serve({ realUrl: await listen(real), bareUrl: await listen(bare) })
