import { createServer, type AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { createPermutation, commitmentOf, drawAlgorithm, drawKey, fromHex, toHex } from '@fairgate/contracts/draw'
import { pauseMs } from '../src/eye.ts'
import { hashes } from '../src/hashes.ts'
import { count, merge, newHistogram, percentile, total } from '../src/histogram.ts'
import { openLanes, readAnswer } from '../src/lanes.ts'
import { createPositions } from '../src/positions.ts'
import { cpuOf, figuresOfProcess, rssOf } from '../src/process-figures.ts'
import { chance } from '../src/random.ts'
import { freeNumbers, isEnough } from '../src/refusals.ts'

describe('the pause between two reads', () => {
  const line = {
    opensAt: '2026-01-01T10:00:00Z',
    openingMs: 3000,
    poll: [
      { aheadMax: 50, everyMs: 1000 },
      { aheadMax: 500, everyMs: 2000 },
      { aheadMax: null, everyMs: 10_000 },
    ],
  }
  const opensAt = Date.parse(line.opensAt)

  it('is what the people ahead are asked for, or up to two fifths less', () => {
    const pauses = Array.from({ length: 200 }, (_, seed) => pauseMs(line, 60, opensAt, chance(seed)))
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(1200)
    expect(Math.max(...pauses)).toBeLessThanOrEqual(2000)
  })

  it('ends after the opening, for each at a moment of its own', () => {
    const pauses = Array.from({ length: 200 }, (_, seed) => pauseMs(line, Infinity, opensAt - 4000, chance(seed)))
    expect(Math.min(...pauses)).toBeGreaterThan(4000)
    expect(Math.max(...pauses)).toBeLessThan(7000)
    expect(new Set(pauses).size).toBe(200)
  })

  it('has a length where the list ends too early', () =>
    expect(pauseMs({ ...line, poll: [] }, 3, opensAt, chance(1))).toBeGreaterThanOrEqual(3000))
})

describe('positions', () => {
  const seed = toHex(hashes.sha256(Uint8Array.of(1)))
  const entrantsRoot = toHex(hashes.sha256(Uint8Array.of(2)))
  const commitment = toHex(commitmentOf(hashes, fromHex(seed)))
  const draw = { commitment, algorithm: drawAlgorithm, entrants: 100, entrantsRoot } as const

  it('are the arrival numbers without a draw, and unknown before it', () => {
    const positions = createPositions()
    expect(positions.of({ id: 'lin_1', draw: { commitment: null } }, 7)).toBe(7)
    expect(positions.of({ id: 'lin_2', draw }, 7)).toBeUndefined()
  })

  it('are those of the published draw, for each line its own', () => {
    const positions = createPositions()
    const order = createPermutation(hashes, drawKey(hashes, fromHex(seed), fromHex(entrantsRoot)), 100)
    const other = createPermutation(hashes, drawKey(hashes, fromHex(seed), fromHex(entrantsRoot)), 30)
    for (let number = 1; number <= 120; number++) {
      expect(positions.of({ id: 'lin_1', draw: { ...draw, seed } }, number)).toBe(order.positionOf(number))
      expect(positions.of({ id: 'lin_2', draw: { ...draw, entrants: 30, seed } }, number)).toBe(
        other.positionOf(number),
      )
    }
  })
})

describe('a refusal', () => {
  it('is measured by the free seats of the document, and by no padding after the last seat', () => {
    // Seats 1 to 5: free, held, sold, blocked, free; three pairs of bits pad the second byte.
    const status = Buffer.from([0b11_10_01_00, 0b00_00_00_00]).toString('base64')
    expect(freeNumbers(status, 5)).toEqual([1, 5])
  })

  it('is false when there is enough, side by side for who asked for that', () => {
    const rows = ['A', 'A', 'A', 'B', 'B']
    expect(isEnough([1, 3], 2)).toBe(true)
    expect(isEnough([1, 3], 2, rows)).toBe(false)
    expect(isEnough([2, 3], 2, rows)).toBe(true)
    // A row's end is no neighbour of the next one's beginning.
    expect(isEnough([3, 4], 2, rows)).toBe(false)
    expect(isEnough([1, 2, 3], 3, rows)).toBe(true)
    expect(isEnough([], 1, rows)).toBe(false)
  })
})

describe('a histogram', () => {
  it('gives the step in which a share lies, also after merging', () => {
    const [one, two] = [newHistogram(), newHistogram()]
    for (let ms = 0; ms < 500; ms++) count(one, ms)
    for (let ms = 500; ms < 1000; ms++) count(two, ms)
    const both = merge([one, two])
    expect(total(both)).toBe(1000)
    expect(percentile(both, 0.5)).toBe(500)
    expect(percentile(both, 0.95)).toBe(950)
  })

  it('keeps what is too small or too large in its ends, and is 0 when nothing was counted', () => {
    const one = newHistogram()
    expect(percentile(one, 0.95)).toBe(0)
    count(one, -5)
    expect(percentile(one, 0.95)).toBe(10)
    count(one, 1e9)
    expect(percentile(one, 1)).toBe(30_010)
  })
})

describe('process figures', () => {
  it('are read behind a name with blanks and brackets', () => {
    expect(cpuOf('12 (a) b (c)) S 1 12 12 0 -1 4194560 1 2 3 4 150 50 7 8 20')).toBe(2)
    expect(cpuOf('12 (a) S 1 12 12 0 -1 4194560 1 2 3 4 150 50 70 30 20', 'with ended children')).toBe(3)
    expect(rssOf('Name:\tnode\nVmHWM:\t  900 kB\nVmRSS:\t  512 kB\n')).toBe(512 * 1024)
  })

  it('are undefined for a process that is not there', () => expect(figuresOfProcess(2 ** 30)).toBeUndefined())
})

describe('lanes', () => {
  it('read an answer only when all of it is there', () => {
    const whole = Buffer.from('HTTP/1.1 200 OK\r\nETag: "x"\r\ncontent-length: 5\r\n\r\nhello')
    for (let length = 0; length < whole.length; length++) expect(readAnswer(whole.subarray(0, length))).toBeUndefined()
    expect(readAnswer(whole)).toMatchObject({ status: 200 })
    expect(readAnswer(whole)?.header('etag')).toBe('"x"')
    expect(readAnswer(Buffer.from('HTTP/1.1 304 Not Modified\r\n\r\n'))).toMatchObject({ status: 304 })
  })

  it('answer each request with its own answer, however many share a connection, and fail when it breaks', async () => {
    const server = createServer((socket) => {
      let text = ''
      socket.on('error', () => undefined)
      socket.on('data', (chunk) => {
        text += chunk.toString()
        for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
          const path = text.split(' ')[1]!
          text = text.slice(end + 4)
          if (path === '/break') return void socket.destroy()
          socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${path.length}\r\n\r\n${path}`)
        }
      })
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    const lanes = openLanes(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 3)
    const get = async (path: string) => (await lanes.send(`GET ${path} HTTP/1.1\r\n\r\n`)).body.toString()
    try {
      const paths = Array.from({ length: 100 }, (_, i) => `/${i}`)
      expect(await Promise.all(paths.map(get))).toEqual(paths)
      const [broken, after] = await Promise.allSettled([get('/break'), get('/after')])
      expect(broken.status).toBe('rejected')
      expect(after).toMatchObject({ value: '/after' })
      expect(await get('/again')).toBe('/again')
    } finally {
      lanes.close()
      server.close()
    }
  })
})
