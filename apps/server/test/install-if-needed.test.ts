import { execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, expect, onTestFinished, test } from 'vitest'

const run = promisify(execFile)
const npmFolder = '/usr/bin:/bin:/usr/local/bin:/opt/homebrew/bin'
const env = { PATH: [dirname(process.execPath), npmFolder].join(delimiter), HOME: tmpdir(), npm_config_offline: 'true' }
const timeout = 60_000

let template = ''

/** A repository with one dependency, which lies beside it, so that nothing is fetched. */
beforeAll(async () => {
  template = await mkdtemp(join(tmpdir(), 'fairgate-install-'))
  const tiny = join(template, 'tiny')
  await mkdir(join(template, 'scripts'))
  await mkdir(tiny)
  await writeFile(join(tiny, 'package.json'), JSON.stringify({ name: 'tiny', version: '1.0.0' }))
  await run('npm', ['pack', '--pack-destination', template], { cwd: tiny, env })
  const dependencies = { tiny: 'file:tiny-1.0.0.tgz' }
  await writeFile(join(template, 'package.json'), JSON.stringify({ name: 'fixture', private: true, dependencies }))
  await cp(
    join(import.meta.dirname, '../../../scripts/install-if-needed.mjs'),
    join(template, 'scripts', 'install-if-needed.mjs'),
  )
  await run('npm', ['install', '--package-lock-only'], { cwd: template, env })
  return () => rm(template, { recursive: true, force: true })
}, timeout)

async function checkout(): Promise<string> {
  const parent = await mkdtemp(join(tmpdir(), 'fairgate-install-'))
  onTestFinished(() => rm(parent, { recursive: true, force: true }))
  const root = join(parent, 'a folder with spaces')
  await cp(template, root, { recursive: true })
  return root
}

async function install(root: string): Promise<{ code: number; output: string }> {
  const script = join(root, 'scripts', 'install-if-needed.mjs')
  const child = spawn(process.execPath, [script], {
    cwd: '/',
    // A cache of its own, else npm would find there what a test has removed.
    env: { ...env, npm_config_cache: join(root, '..', 'cache') },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => (output += bytes.toString()))
  const code = await new Promise<number>((resolve) => child.once('close', (end) => resolve(end ?? -1)))
  return { code, output }
}

const installed = 'installed in'
test('a fresh checkout is installed once, from any folder, and says so in a line or two', { timeout }, async () => {
  const root = await checkout()
  const first = await install(root)
  expect(first.output).toContain(`no packages yet: running npm ci in ${root}`)
  expect(first).toMatchObject({ code: 0, output: expect.stringContaining(installed) as unknown })
  expect(await install(root)).toEqual({ code: 0, output: '' })
})

test('an incomplete or outdated install is repaired', { timeout }, async () => {
  const root = await checkout()
  await install(root)
  await rm(join(root, 'node_modules', 'tiny'), { recursive: true })
  expect((await install(root)).output).toContain(installed)
  expect(existsSync(join(root, 'node_modules', 'tiny', 'package.json'))).toBe(true)

  // Only the text of the lock differs, so what is installed still fits it.
  const lockFile = join(root, 'package-lock.json')
  await writeFile(lockFile, `${await readFile(lockFile, 'utf8')}\n`)
  expect((await install(root)).output).not.toContain('running npm')

  const hidden = join(root, 'node_modules', '.package-lock.json')
  await writeFile(hidden, (await readFile(hidden, 'utf8')).replace('"1.0.0"', '"0.9.0"'))
  await rm(join(root, 'node_modules', '.fairgate-install.json'))
  expect((await install(root)).output).toContain('packages do not match package-lock.json')
})

test('without a lock file npm install is run', { timeout }, async () => {
  const root = await checkout()
  await rm(join(root, 'package-lock.json'))
  expect((await install(root)).output).toContain('running npm install')
})

test('of several at once one installs and the others wait for it', { timeout }, async () => {
  const root = await checkout()
  const ends = await Promise.all([install(root), install(root), install(root)])
  expect(ends.map(({ code }) => code)).toEqual([0, 0, 0])
  expect(ends.filter(({ output }) => output.includes(installed))).toHaveLength(1)
  expect((await readdir(root)).filter((name) => name.startsWith('.install-lock'))).toEqual([])
})

test('control: without the lock several install at once', { timeout }, async () => {
  const root = await checkout()
  const script = join(root, 'scripts', 'install-if-needed.mjs')
  const source = await readFile(script, 'utf8')
  expect(source).toContain('await takeLock()')
  await writeFile(script, source.replace('await takeLock()', '() => {}'))
  const ends = await Promise.all([install(root), install(root), install(root)])
  expect(ends.filter(({ output }) => output.includes('running npm')).length).toBeGreaterThan(1)
})

test('the lock of a killed install is taken over, by one of several', { timeout }, async () => {
  const root = await checkout()
  const dead = spawn(process.execPath, ['--eval', '0'])
  await new Promise((resolve) => dead.once('close', resolve))
  await mkdir(join(root, '.install-lock'))
  const host = hostname().replaceAll('.', '-')
  await writeFile(join(root, '.install-lock', `owner.${host}.${dead.pid}.some-id`), '')
  const ends = await Promise.all([install(root), install(root)])
  expect(ends.filter(({ output }) => output.includes(installed))).toHaveLength(1)
  expect((await readdir(root)).filter((name) => name.startsWith('.install-lock'))).toEqual([])
})

test('a failing install says what failed and fails, and the next one tries again', { timeout }, async () => {
  const root = await checkout()
  const tarball = join(root, 'tiny-1.0.0.tgz')
  const bytes = await readFile(tarball)
  await rm(tarball)
  const { code, output } = await install(root)
  expect(code).toBe(1)
  expect(output).toContain('tiny-1.0.0.tgz')
  expect(output).toContain('install failed: npm ended with')
  await writeFile(tarball, bytes)
  expect(await install(root)).toMatchObject({ code: 0 })
})

test('a platform without a packaged Node is told which Node it needs', { timeout }, async () => {
  const root = await checkout()
  const manifest = join(root, 'package.json')
  const fields = JSON.parse(await readFile(manifest, 'utf8')) as Record<string, unknown>
  await rm(join(root, 'package-lock.json'))
  await writeFile(manifest, JSON.stringify({ ...fields, optionalDependencies: { 'node-plan9-mips': '99.1.0' } }))
  const { code, output } = await install(root)
  expect(code).toBe(1)
  expect(output).toContain(
    `Fairgate needs Node 99 or newer: no Node 99 is packaged for ${process.platform}-${process.arch}`,
  )
  expect(output).toContain(`${process.execPath} is ${process.version}`)
})
