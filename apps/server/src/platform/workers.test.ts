import { EventEmitter } from 'node:events'
import { expect, test } from 'vitest'
import { manualScheduler } from './clock.ts'
import { silentLog } from './log.ts'
import { startWorkers, type WorkerProcess } from './workers.ts'

type Played = EventEmitter & WorkerProcess & { asks(name: string): void; asked: string[]; killed: boolean }

/** Worker processes that do what a test says. */
function setUp(count: number) {
  const scheduler = manualScheduler(0)
  const processes: Played[] = []
  const fork = (): WorkerProcess => {
    const worker = new EventEmitter() as Played
    let last = 0
    Object.assign(worker, {
      process: { pid: processes.length + 1 },
      asked: [],
      killed: false,
      send: (message: { notes: { name?: string }[] }) =>
        worker.asked.push(...message.notes.flatMap(({ name }) => name ?? [])),
      kill: () => {
        worker.killed = true
        worker.emit('exit', null, 'SIGKILL')
      },
      asks: (name: string) => worker.emit('message', { notes: [{ ask: ++last, name, values: [] }] }),
    })
    processes.push(worker)
    return worker
  }
  const workers = startWorkers({ count, fork, face: {}, log: silentLog, scheduler, stopMs: 1000 })
  return { workers, processes, scheduler }
}

test('all are ready when each of the first has said so', async () => {
  const { workers, processes } = setUp(2)
  let isReady = false
  void workers.ready.then(() => (isReady = true))
  processes[0]!.asks('ready')
  await Promise.resolve()
  expect(isReady).toBe(false)
  processes[1]!.asks('ready')
  await workers.ready
})

test('a worker that ends before the first are ready is a failed start', async () => {
  const { workers, processes, scheduler } = setUp(2)
  processes[1]!.emit('exit', 1, null)
  await expect(workers.ready).rejects.toThrow('ended with 1 before it was ready')
  scheduler.advance(60_000)
  expect(processes).toHaveLength(2)
})

test('a worker that ends is replaced, after a pause that grows while none lives long', async () => {
  const { workers, processes, scheduler } = setUp(1)
  processes[0]!.asks('ready')
  await workers.ready
  for (const pauseMs of [250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000]) {
    const before = processes.length
    processes.at(-1)!.emit('exit', null, 'SIGKILL')
    scheduler.advance(pauseMs - 1)
    expect(processes).toHaveLength(before)
    scheduler.advance(1)
    expect(processes).toHaveLength(before + 1)
  }
  scheduler.advance(30_000)
  processes.at(-1)!.emit('exit', 1, null)
  const before = processes.length
  scheduler.advance(250)
  expect(processes).toHaveLength(before + 1)
})

test('stopping asks each to stop, kills what does not, and replaces nobody', async () => {
  const { workers, processes, scheduler } = setUp(2)
  processes.forEach((worker) => worker.asks('ready'))
  await workers.ready
  const stopped = workers.stop()
  await Promise.resolve()
  expect(processes.map(({ asked }) => asked)).toEqual([['stop'], ['stop']])
  processes[0]!.emit('exit', 0, null)
  scheduler.advance(1000)
  await stopped
  expect(processes.map(({ killed }) => killed)).toEqual([false, true])
  scheduler.advance(60_000)
  expect(processes).toHaveLength(2)
})
