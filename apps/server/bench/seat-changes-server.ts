import { startLoop } from '#platform/loop'
import { createInventory } from '#modules/inventory'
import { listen, openParts, serve } from './server-parts.ts'

// One server process with the inventory and all of its loops.

const { parts, newHttp } = openParts({ connectionsMax: 12 })
await parts.signals.start()
const { module } = createInventory(parts)
const http = newHttp()
module.routes!(http)
for (const loop of module.loops!) startLoop(loop, { scheduler: parts.clock, log: parts.log })
serve({ url: await listen(http) })
