import { readdirSync, readFileSync } from 'node:fs'
import { join, posix, relative, sep } from 'node:path'

/** `path` is relative to the repository, with forward slashes. */
export type Source = { path: string; text: string }

export type Violation = { path: string; line: number; what: string }

type Room = {
  /** The files it speaks of. */
  files: RegExp
  /** What they may import: a relative import counts as the path it leads to. */
  mayImport: (target: string, path: string) => boolean
  says: string
}

const isNode = (target: string) => target.startsWith('node:')
const isNpm = (target: string) =>
  /^(@(?!fairgate\/)[^/]+\/)?[a-z]/.test(target) && !isNode(target) && !target.includes(':')
const isPath = (target: string) => target.startsWith('/')
const isPackage = (target: string) => !isPath(target) && (isNode(target) || isNpm(target))
const isBelow = (folder: string) => (target: string) => target.startsWith(`/${folder}/`)
const folderOf = (path: string, depth: number) => path.split('/').slice(0, depth).join('/')

/** The basics that every part shares. The rest of the contracts speaks of the domain, of which the platform knows nothing. */
const sharedContracts = ['errors', 'health', 'events', 'ids', 'schema', 'tokens', 'http/route'].map(
  (name) => `@fairgate/contracts/${name}`,
)

/** Which room may import what (design part 3). The first room that fits a file decides. */
const rooms: readonly Room[] = [
  {
    files: /^apps\/server\/src\/modules\/[^/]+\/(.*\/)?[^/]+\.test\.ts$/,
    mayImport: (target, path) =>
      isPackage(target) ||
      target.startsWith('#platform/') ||
      target.startsWith('@fairgate/contracts/') ||
      /^@fairgate\/(stripe|toss)-sandbox\//.test(target) ||
      isBelow('apps/server/test')(target) ||
      isBelow(folderOf(path, 5))(target),
    says: 'a test of a module may import its own folder, #platform, the contracts, the payment sandboxes and apps/server/test',
  },
  {
    files: /^apps\/server\/src\/modules\/[^/]+\//,
    mayImport: (target, path) =>
      isPackage(target) ||
      target.startsWith('#platform/') ||
      target.startsWith('@fairgate/contracts/') ||
      isBelow(folderOf(path, 5))(target),
    says: 'a module may import its own folder, #platform, the contracts and packages',
  },
  {
    files: /^apps\/server\/src\/platform\/(.*\/)?[^/]+\.test\.ts$/,
    mayImport: (target) =>
      isPackage(target) ||
      target.startsWith('#platform/') ||
      target.startsWith('@fairgate/contracts/') ||
      isBelow('apps/server/test')(target) ||
      isBelow('apps/server/src/platform')(target),
    says: 'a test of the platform may import the platform, the contracts and apps/server/test',
  },
  {
    files: /^apps\/server\/src\/platform\//,
    mayImport: (target) =>
      isPackage(target) ||
      target.startsWith('#platform/') ||
      sharedContracts.includes(target) ||
      isBelow('apps/server/src/platform')(target),
    says: `the platform may import itself, packages and ${sharedContracts.join(', ')}`,
  },
  {
    files: /^packages\/contracts\/src\//,
    mayImport: (target) => /^typebox(\/|$)/.test(target) || isBelow('packages/contracts/src')(target),
    says: 'the contracts may import nothing but themselves and typebox: the browser loads them',
  },
  {
    files: /^packages\/swarm\/src\//,
    mayImport: (target) =>
      isPackage(target) || target.startsWith('@fairgate/contracts/') || isBelow('packages/swarm')(target),
    says: 'the swarm may import itself, the contracts and packages: it knows the server by HTTP only',
  },
  {
    files: /^packages\/toss-sandbox\/src\//,
    mayImport: (target) => isNode(target) || isBelow('packages/toss-sandbox/src')(target),
    says: 'the payment sandbox may import nothing but itself and node: modules',
  },
  {
    files: /^packages\/stripe-sandbox\/src\//,
    mayImport: (target) =>
      isNode(target) ||
      /^@fairgate\/toss-sandbox\/(hanging|http|journal)$/.test(target) ||
      isBelow('packages/stripe-sandbox/src')(target),
    says: "the second payment sandbox may import itself, node: modules and the first one's hanging, http and journal",
  },
  {
    files: /^apps\/web\/(src|waiting-room)\//,
    mayImport: (target) => isNpm(target) || target.startsWith('@fairgate/contracts/') || isBelow('apps/web')(target),
    says: 'the web app may import itself, the contracts and npm packages: it runs in a browser',
  },
]

/** Time, randomness and configuration are passed in (design part 1, idea 7). */
const bannedInModules: readonly { pattern: RegExp; what: string }[] = [
  { pattern: /\bDate\.now\b/g, what: 'Date.now: ask the clock that is passed in' },
  { pattern: /\bnew Date\(\s*\)/g, what: 'new Date(): ask the clock that is passed in' },
  { pattern: /\bMath\.random\b/g, what: 'Math.random: ask the randomness that is passed in' },
  { pattern: /\bsetTimeout\b/g, what: 'setTimeout: ask the scheduler that is passed in' },
  { pattern: /\bsetInterval\b/g, what: 'setInterval: ask the scheduler that is passed in' },
  { pattern: /\bprocess\.env\b/g, what: 'process.env: configuration is passed in' },
  { pattern: /(?<![.\w])now\(\)|\bcurrent_timestamp\b/gi, what: 'SQL now(): pass the time of the clock' },
]

/** What breaks the boundaries between the rooms of the house, in the order of the files. */
export function violations(sources: readonly Source[]): Violation[] {
  return sources.flatMap((source) => [...forbiddenImports(source), ...forbiddenCalls(source)])
}

function forbiddenImports({ path, text }: Source): Violation[] {
  const room = rooms.find(({ files }) => files.test(path))
  if (room === undefined || !/\.tsx?$/.test(path)) return []
  const code = withoutComments(text, 'keep strings')
  const imports = code.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\s*\(\s*)(['"])([^'"\n]+)\1/g)
  return [...imports].flatMap((found) => {
    const specifier = found[2] ?? ''
    const target = specifier.startsWith('.') ? `/${posix.join(posix.dirname(path), specifier)}` : specifier
    if (room.mayImport(target, path)) return []
    return [{ path, line: lineAt(code, found.index), what: `imports ${specifier}, but ${room.says}` }]
  })
}

function forbiddenCalls({ path, text }: Source): Violation[] {
  if (!/^apps\/server\/src\/modules\/.*\.(ts|sql)$/.test(path)) return []
  const code = path.endsWith('.sql') ? text.replace(/--[^\n]*/g, '') : withoutComments(text, 'blank strings')
  return bannedInModules.flatMap(({ pattern, what }) =>
    [...code.matchAll(pattern)].map((found) => ({ path, line: lineAt(code, found.index), what })),
  )
}

/** Templates are kept as they are, since they hold SQL and code. */
function withoutComments(text: string, strings: 'keep strings' | 'blank strings'): string {
  const tokens = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\[\s\S]|[^`\\])*`/g
  return text.replace(tokens, (token) => {
    const isComment = token.startsWith('//') || token.startsWith('/*')
    if (token.startsWith('`') || (!isComment && strings === 'keep strings')) return token
    return token.replace(/[^\n]/g, ' ')
  })
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length
}

const repository = join(import.meta.dirname, '../../..')

/** Every TypeScript and SQL source of the repository. */
export function readSources(): Source[] {
  return ['apps', 'packages'].flatMap((top) =>
    readdirSync(join(repository, top), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.(tsx?|sql)$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((file) => !file.includes(`${sep}node_modules${sep}`) && !file.includes(`${sep}dist${sep}`))
      .map((file) => ({
        path: relative(repository, file).split(sep).join('/'),
        text: readFileSync(file, 'utf8'),
      })),
  )
}
