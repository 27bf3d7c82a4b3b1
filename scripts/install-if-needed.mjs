// Installs the packages when they are missing, incomplete or not those of package-lock.json. Runs before `npm start`
// and `npm test` on the machine's own Node, 18 or newer, so it is plain JavaScript and needs nothing that it installs.
import { spawn, spawnSync } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { hostname } from 'node:os'
import { basename, delimiter, join, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = resolve(fileURLToPath(new URL('..', import.meta.url)))
const modules = join(root, 'node_modules')
const lockFile = join(root, 'package-lock.json')
const stampFile = join(modules, '.fairgate-install.json')
const lockDir = join(root, '.install-lock')
const isWindows = process.platform === 'win32'

const installTimeoutMs = 15 * 60_000
const lockTimeoutMs = 20 * 60_000
const heartbeatMs = 2_000
const silenceMs = 30_000

await main()

async function main() {
  if (isInstalled()) return
  const release = await takeLock()
  try {
    if (isInstalled()) return
    if (!isWhole()) await install()
    checkNode()
    writeFileSync(stampFile, JSON.stringify(stamp()))
  } catch (err) {
    console.error(`install failed: ${err.message}`)
    process.exitCode = 1
  } finally {
    release()
  }
}

// ---- what is installed ----------------------------------------------------------------------------------------------

/** What this script has checked is installed: as little as is quick to compare. */
function stamp() {
  const lock = existsSync(lockFile) ? readFileSync(lockFile) : readFileSync(join(root, 'package.json'))
  const node = lstatSync(packagedNode(), { throwIfNoEntry: false })
  return {
    lock: createHash('sha256').update(lock).digest('hex'),
    platform: `${process.platform}-${process.arch}`,
    node: node === undefined ? null : node.mtimeMs,
  }
}

function isInstalled() {
  const known = readJson(stampFile)
  if (known === undefined || JSON.stringify(known) !== JSON.stringify(stamp())) return false
  return foldersExist(readJson(join(modules, '.package-lock.json')))
}

/** The same question without a stamp, for packages that somebody installed by hand. */
function isWhole() {
  const wanted = readJson(lockFile)
  const present = readJson(join(modules, '.package-lock.json'))
  if (wanted === undefined || !foldersExist(present)) return false
  for (const [path, entry] of Object.entries(wanted.packages)) {
    if (!path.includes('node_modules/')) continue
    const found = present.packages[path]
    // npm leaves out optional packages of other platforms.
    if (found === undefined ? !entry.optional && !entry.peer : found.version !== entry.version) return false
  }
  return packagedNodeName() === undefined || existsSync(packagedNode())
}

function foldersExist(lock) {
  if (lock === undefined) return false
  return Object.entries(lock.packages).every(
    ([path, { link }]) => !path.includes('node_modules/') || existsSync(join(root, path, link ? '' : 'package.json')),
  )
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}

// ---- install --------------------------------------------------------------------------------------------------------

async function install() {
  const why = existsSync(modules) ? 'packages do not match package-lock.json' : 'no packages yet'
  rmSync(stampFile, { force: true })
  const startedAt = Date.now()
  let end = await npm(firstCommand(), why)
  // npm ci refuses a lock that leaves out optional packages of other platforms; npm install adds what is missing here.
  if (end.output.includes('EUSAGE')) end = await npm('install', 'npm ci refuses package-lock.json')
  if (end.result !== 0) {
    process.stderr.write(end.output)
    throw new Error(
      `npm ended with ${end.result} in ${root}; its messages are above. Check the network and the registry (npm ping), then try again.`,
    )
  }
  console.log(`installed in ${((Date.now() - startedAt) / 1000).toFixed(1)} s`)
}

function firstCommand() {
  // On Windows a program that runs cannot be removed, and we may be running on the Node that npm ci would remove.
  const isOwnNode = isWindows && process.execPath.startsWith(modules + sep)
  return existsSync(lockFile) && !isOwnNode ? 'ci' : 'install'
}

function npm(command, why) {
  console.log(`${why}: running npm ${command} in ${root}`)
  const { file, args } = npmProgram()
  // Quiet about engines: the packages run on the Node that comes with the install, not on the one running npm.
  args.push(command, '--no-audit', '--no-fund', '--loglevel=error', '--include=dev', '--include=optional')
  if (command === 'install' && existsSync(lockFile)) args.push('--no-save')
  return run(file, args)
}

/** The npm that called us, else the one on PATH. */
function npmProgram() {
  const { npm_execpath: cli = '', npm_node_execpath: node = '' } = process.env
  if (basename(cli).startsWith('npm') && existsSync(cli)) {
    return { file: existsSync(node) && !node.startsWith(modules + sep) ? node : process.execPath, args: [cli] }
  }
  return { file: isWindows ? 'npm.cmd' : 'npm', args: [] }
}

/** Answers the exit code or signal and what was printed. npm must not run on the Node inside node_modules, which it replaces. */
function run(file, args) {
  const env = { ...process.env }
  for (const name of Object.keys(env)) {
    if (name.toLowerCase() === 'path') {
      env[name] = env[name]
        .split(delimiter)
        .filter((folder) => !folder.startsWith(modules))
        .join(delimiter)
    }
    if (
      /^npm_(config_(workspaces?|global|dry_run|package_lock_only|omit|only|production)|lifecycle_|package_)/i.test(
        name,
      )
    ) {
      delete env[name]
    }
  }
  return new Promise((resolveRun, reject) => {
    const child = spawn(file, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'], shell: file.endsWith('.cmd') })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text))
    const timer = setTimeout(() => child.kill('SIGKILL'), installTimeoutMs)
    // The terminal sends the signal to npm as well; we stay until it has ended, so that the lock is freed after it.
    const onSignal = (signal) => child.kill(signal)
    process.on('SIGINT', onSignal).on('SIGTERM', onSignal)
    const finish = () => {
      clearTimeout(timer)
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal)
    }
    child.on('error', (err) => {
      finish()
      reject(new Error(`${file} could not be run: ${err.message}`))
    })
    child.on('close', (code, signal) => {
      finish()
      resolveRun({ result: code ?? signal, output })
    })
  })
}

// ---- the Node that comes with the install -----------------------------------------------------------------------------

function wantedNode() {
  const { optionalDependencies = {} } = readJson(join(root, 'package.json')) ?? {}
  const [version = '26'] = Object.entries(optionalDependencies).flatMap(([name, v]) =>
    name.startsWith('node-') ? [v] : [],
  )
  return version.replace(/^[^\d]*/, '')
}

function packagedNodeName() {
  const { optionalDependencies = {} } = readJson(join(root, 'package.json')) ?? {}
  const system = isWindows ? 'win' : process.platform
  return [`node-${system}-${process.arch}`, `node-bin-${system}-${process.arch}`].find(
    (name) => name in optionalDependencies,
  )
}

function packagedNode() {
  return join(modules, '.bin', isWindows ? 'node.cmd' : 'node')
}

function versionOf(file) {
  const { stdout } = spawnSync(isWindows ? `"${file}"` : file, ['--version'], {
    encoding: 'utf8',
    shell: isWindows,
    timeout: 30_000,
  })
  return /^v(\d+)\.\d+\.\d+/.exec(stdout ?? '')
}

/** Throws unless npm scripts will find a Node of the wanted major version. */
function checkNode() {
  const wanted = wantedNode()
  const major = Number(wanted.split('.')[0])
  const packaged = packagedNode()
  const found = existsSync(packaged) ? versionOf(packaged) : null
  if (found !== null && Number(found[1]) === major) return

  const others = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '' && !folder.startsWith(modules))
  const own = others.map((folder) => join(folder, isWindows ? 'node.exe' : 'node')).find((file) => existsSync(file))
  const ownVersion = own === undefined ? null : versionOf(own)
  const system = `${process.platform}-${process.arch}`
  const reason =
    packagedNodeName() === undefined
      ? `no Node ${major} is packaged for ${system}`
      : lstatSync(packaged, { throwIfNoEntry: false }) === undefined
        ? `the package ${packagedNodeName()} was not installed`
        : `the packaged Node ${found === null ? 'does not run here' : `is ${found[0]}`}`
  if (ownVersion === null || Number(ownVersion[1]) < major) {
    const has = ownVersion === null ? 'none was found on PATH' : `${own} is ${ownVersion[0]}`
    throw new Error(
      `Fairgate needs Node ${major} or newer: ${reason}, and ${has}. Get Node ${major} from https://nodejs.org`,
    )
  }
  // npm scripts look in node_modules/.bin first and would stumble over a Node that does not run.
  for (const name of ['node', 'node.cmd', 'node.ps1']) rmSync(join(modules, '.bin', name), { force: true })
  console.log(`${reason}: using ${own} (${ownVersion[0]})`)
}

// ---- one install at a time ----------------------------------------------------------------------------------------------

// The lock is a folder holding one file, owner.HOST.PID.ID, whose time its owner renews. The folder is put in place by
// renaming, which fails while another with a file in it is there. An abandoned lock is taken over by renaming the owner's
// file: the old name exists once, so of several takers only one succeeds.

async function takeLock() {
  const mine = `owner.${hostname().replaceAll('.', '-')}.${process.pid}.${randomUUID()}`
  const deadline = Date.now() + lockTimeoutMs
  let watched = { name: '', mtimeMs: 0, since: 0 }
  let isTold = false
  for (;;) {
    if (putLock(mine)) return keepLock(mine)
    const owner = lockOwner()
    if (owner === undefined) {
      await pause(20)
      continue
    }
    if (owner.name !== watched.name || owner.mtimeMs !== watched.mtimeMs) watched = { ...owner, since: Date.now() }
    const isSilent = Date.now() - watched.since > silenceMs
    if ((isSilent || isGone(owner.name)) && takeOver(owner.name, mine)) return keepLock(mine)
    if (Date.now() > deadline) {
      console.error(
        `install failed: another install (${owner.name}) holds ${lockDir}; if none is running, remove that folder`,
      )
      process.exit(1)
    }
    if (!isTold) console.log(`waiting for another install (process ${owner.name.split('.')[2]})`)
    isTold = true
    await pause(200)
  }
}

function putLock(mine) {
  const prepared = `${lockDir}.${mine}`
  mkdirSync(prepared)
  writeFileSync(join(prepared, mine), '')
  try {
    renameSync(prepared, lockDir)
    return true
  } catch (err) {
    rmSync(prepared, { recursive: true, force: true })
    if (!['ENOTEMPTY', 'EEXIST', 'EPERM', 'EACCES'].includes(err.code) || !existsSync(lockDir)) throw err
    return false
  }
}

function lockOwner() {
  try {
    const name = readdirSync(lockDir).find((entry) => entry.startsWith('owner.'))
    return name === undefined ? undefined : { name, mtimeMs: lstatSync(join(lockDir, name)).mtimeMs }
  } catch {
    return undefined
  }
}

function isGone(owner) {
  const [, host, pid] = owner.split('.')
  if (host !== hostname().replaceAll('.', '-')) return false
  try {
    process.kill(Number(pid), 0)
    return false
  } catch (err) {
    return err.code === 'ESRCH'
  }
}

function takeOver(owner, mine) {
  try {
    utimesSync(join(lockDir, owner), new Date(), new Date())
    renameSync(join(lockDir, owner), join(lockDir, mine))
    return true
  } catch {
    return false
  }
}

function keepLock(mine) {
  const file = join(lockDir, mine)
  const beat = setInterval(() => {
    try {
      utimesSync(file, new Date(), new Date())
    } catch {
      // Someone has removed the lock by hand; the install goes on.
    }
  }, heartbeatMs)
  return () => {
    clearInterval(beat)
    try {
      unlinkSync(file)
      rmdirSync(lockDir)
    } catch {
      // Another has taken over, or already put its own.
    }
  }
}

function pause(ms) {
  return new Promise((resolvePause) => setTimeout(resolvePause, ms))
}
