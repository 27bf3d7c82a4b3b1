import { request, Agent } from 'node:http'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createClient } from '@fairgate/contracts/client'
import { joinLine } from '@fairgate/contracts/http/waiting-room'
import { newBuyer, openSale, proof, refusal } from '../e2e/people.ts'
import { endToEnd } from '../e2e/suite.ts'
import { startOneProcess, startProcess, until, type ServerProcess } from '../e2e/world.ts'

endToEnd('all modules in two processes on one port', () => startOneProcess({ WORKERS: '2' }))

describe('processes that share a port', () => {
  let folder: string
  let server: ServerProcess
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'fairgate-workers-'))
    server = await startProcess({ DATA_DIR: join(folder, 'data'), WORKERS: '2', CHALLENGES: 'on' })
  })
  afterAll(async () => {
    await server.end('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })

  const lines = () =>
    server
      .log()
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as { msg: string; pid?: number })
  const started = () => lines().flatMap(({ msg, pid }) => (msg === 'worker started' && pid ? [pid] : []))
  const isAlive = (pid: number) => {
    try {
      return process.kill(pid, 0)
    } catch {
      return false
    }
  }

  /** Asks once over a connection of `agent`. @returns the status, or the code of what happened to the connection */
  const ask = (agent: Agent): Promise<number | string> =>
    new Promise((done) => {
      request(`${server.url.replace('localhost', '127.0.0.1')}/livez`, { agent }, (answer) => {
        answer.resume()
        answer.once('end', () => done(answer.statusCode!))
      })
        .once('error', (error: NodeJS.ErrnoException) => done(error.code ?? error.message))
        .end()
    })

  test('a proof of work counts once, whichever process it is shown to', async () => {
    const world = { ...server, client: createClient({ baseUrl: server.url }), stop: () => server.end('SIGTERM') }
    const sale = await openSale(world)
    const buyers = await Promise.all(Array.from({ length: 8 }, () => newBuyer(world)))
    const challenge = await proof(world, '')
    const outcomes = await Promise.all(
      buyers.map(({ accessToken }) => {
        const joining = world.client.call(joinLine, { params: { id: sale.lineId }, body: { challenge }, accessToken })
        return joining.then(
          ({ place }) => place.number,
          () => refusal(joining),
        )
      }),
    )
    expect(outcomes.filter((outcome) => outcome === 1)).toHaveLength(1)
    expect(outcomes.filter((outcome) => outcome === 'waiting-room.challenge-used')).toHaveLength(7)
  })

  test('a killed worker takes only its own connections with it, and another takes its place', async () => {
    const agents = Array.from({ length: 40 }, () => new Agent({ keepAlive: true, maxSockets: 1 }))
    expect(new Set(await Promise.all(agents.map(ask)))).toEqual(new Set([200]))
    const [killed] = started()
    process.kill(killed!, 'SIGKILL')
    await until(async () => !isAlive(killed!), { what: 'the worker to die' })
    const answers = await Promise.all(agents.map(ask))
    const lost = answers.filter((answer) => answer !== 200)
    // Dealt out in turn, so half of the connections were those of the dead one; agents notice most ends by themselves.
    expect(lost.length).toBeLessThanOrEqual(20)
    expect(new Set(await Promise.all(agents.map(ask)))).toEqual(new Set([200]))
    await until(async () => started().length === 3 && lines().some(({ msg }) => msg.startsWith('a worker ended')), {
      what: 'another worker',
    })
    // It has taken its turn when the figures of both are there again.
    await until(async () => (await processesInMetrics()) === 2, { what: 'the new worker to answer' })
    agents.forEach((agent) => agent.destroy())
  })

  const processesInMetrics = async () => {
    const text = await (await fetch(`${server.url}/metrics`)).text()
    return Number(/^fairgate_processes (\d+)$/m.exec(text)?.[1] ?? 0)
  }

  test('when the parent is killed its workers end', async () => {
    const workers = started().filter(isAlive)
    expect(workers).toHaveLength(2)
    await server.end('SIGKILL')
    await until(async () => !workers.some(isAlive), { what: 'the workers to end' })
  })

  test('told to stop, all of it stops in order', async () => {
    server = await startProcess({ DATA_DIR: join(folder, 'data'), WORKERS: '2' })
    const workers = started()
    await server.end('SIGTERM')
    expect(server.child.exitCode).toBe(0)
    expect(workers.filter(isAlive)).toEqual([])
    expect(lines().some(({ msg }) => msg.startsWith('a worker'))).toBe(false)
  })
})
