import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** As the inspector gives it: `samples` are ids of nodes, `timeDeltas` the microseconds before each. */
export type Profile = {
  nodes: { id: number; callFrame: { functionName: string; url: string }; children?: number[] }[]
  samples: number[]
  timeDeltas: number[]
}

/** What the thread of a profile did: how much of the time it had nothing to do, and whose code ran in the rest. */
export type Parts = { idle: number; cpuShare: Record<string, number> }

const openWithinMs = 5_000
const answerWithinMs = 30_000

/**
 * Profiles a Node process from now on, by the inspector that it opens when it is signalled. Start it with
 * `--inspect-port=127.0.0.1:0`; `logFile` holds what it writes to stderr.
 *
 * @returns what ends the profile
 */
export async function startProfile(pid: number, logFile: string): Promise<() => Promise<Profile>> {
  process.kill(pid, 'SIGUSR1')
  const socket = new WebSocket(await inspectorOf(logFile))
  await settled(new Promise((done) => socket.addEventListener('open', done, { once: true })))
  let lastId = 0
  const ask = async (method: string): Promise<unknown> => {
    const id = ++lastId
    const answer = new Promise((done) =>
      socket.addEventListener('message', function read({ data }) {
        const message = JSON.parse(String(data)) as { id?: number; result?: unknown }
        if (message.id !== id) return
        socket.removeEventListener('message', read)
        done(message.result)
      }),
    )
    socket.send(JSON.stringify({ id, method }))
    return settled(answer)
  }
  await ask('Profiler.enable')
  await ask('Profiler.start')
  return async () => {
    const { profile } = (await ask('Profiler.stop')) as { profile: Profile }
    socket.close()
    return profile
  }
}

async function inspectorOf(logFile: string): Promise<string> {
  for (const endsAt = performance.now() + openWithinMs; performance.now() < endsAt; await sleep(50)) {
    const [, url] = /Debugger listening on (ws:\S+)/.exec(readFileSync(logFile, 'utf8')) ?? []
    if (url) return url
  }
  throw new Error(`the server opened no inspector within ${openWithinMs} ms`)
}

const settled = <T>(wanted: Promise<T>): Promise<T> =>
  Promise.race([
    wanted,
    sleep(answerWithinMs, undefined, { ref: false }).then(() => {
      throw new Error(`the inspector did not answer within ${answerWithinMs} ms`)
    }),
  ])

/** Self time by folder, `node` with its calls to the system. What the engine has built in (`JSON.parse`) counts to who called it. */
export function partsOf({ nodes, samples, timeDeltas }: Profile): Parts {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const partOfNode = new Map<number, string>()
  const [root] = nodes
  for (const id of root!.children ?? []) name(id, 'engine')

  function name(id: number, caller: string): void {
    const { callFrame, children = [] } = byId.get(id)!
    const part = partOf(callFrame.url, callFrame.functionName) ?? caller
    partOfNode.set(id, part)
    for (const child of children) name(child, part)
  }

  const micros = new Map<string, number>()
  for (const [i, id] of samples.entries()) {
    const part = partOfNode.get(id) ?? 'engine'
    micros.set(part, (micros.get(part) ?? 0) + timeDeltas[i]!)
  }
  const idle = micros.get('idle') ?? 0
  micros.delete('idle')
  const busy = [...micros.values()].reduce((sum, time) => sum + time, 0)
  const share = (time: number, of: number) => Math.round((time / of) * 1000) / 1000
  return {
    idle: share(idle, idle + busy),
    cpuShare: Object.fromEntries(
      [...micros].toSorted(([, a], [, b]) => b - a).map(([part, time]) => [part, share(time, busy)]),
    ),
  }
}

function partOf(url: string, functionName: string): string | undefined {
  if (functionName === '(garbage collector)') return 'gc'
  if (functionName === '(idle)') return 'idle'
  if (url === '') return undefined
  if (url.startsWith('node:')) return 'node'
  if (url.includes('/node_modules/')) return 'node_modules'
  const [, part] =
    /\/apps\/server\/src\/(modules\/[^/]+|platform)\//.exec(url) ?? /\/packages\/([^/]+)\//.exec(url) ?? []
  return part ?? 'server'
}
