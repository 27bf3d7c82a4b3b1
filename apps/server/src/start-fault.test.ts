import { expect, test } from 'vitest'
import { startFault } from './start-fault.ts'

const place = { host: 'localhost', port: 8080, dataDir: '/srv/data' }
const fault = (code: string, message: string, syscall?: string, hostname?: string) =>
  startFault(Object.assign(new Error(message), { code, syscall, hostname }), place)

test('a start that fails names the setting that can mend it', () => {
  expect(fault('EADDRINUSE', 'listen EADDRINUSE', 'listen')).toMatch(/^PORT: 8080 is in use on localhost/)
  expect(fault('EACCES', 'listen EACCES', 'listen')).toMatch(/^PORT: cannot listen/)
  expect(fault('EACCES', "mkdir '/srv/data/postgres'", 'mkdir')).toMatch(/^DATA_DIR: \/srv\/data is not/)
  expect(fault('ENOENT', "mkdir '/proc/data'", 'mkdir')).toMatch(/^DATA_DIR: /)
  expect(fault('ENOTFOUND', 'getaddrinfo ENOTFOUND localhost', 'getaddrinfo', 'localhost')).toMatch(/^HOST: localhost/)
  expect(fault('', '/x is in use by a running Fairgate (process 7)')).toMatch(/^DATA_DIR: \/srv\/data is in use.*7/)
  expect(fault('ENOTFOUND', 'getaddrinfo ENOTFOUND db')).toMatch(/^DATABASE_URL: .*ENOTFOUND db/)
})

test('what no setting explains is left to the log', () => {
  expect(fault('42P01', 'relation does not exist')).toBeUndefined()
  expect(startFault(undefined, place)).toBeUndefined()
})
