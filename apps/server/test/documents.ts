import { globSync, readFileSync } from 'node:fs'
import { dirname, join, posix, sep } from 'node:path'
import { errors } from '@fairgate/contracts/errors'
import { routes } from '@fairgate/contracts/http/routes'

const root = join(import.meta.dirname, '../../..')

/** `path` is relative to the repository, with forward slashes. */
export type Document = { path: string; text: string }

export type Fault = { path: string; line: number; what: string }

/** What documents may speak of. */
export type Things = {
  files: ReadonlySet<string>
  /** All that is not a document, in one text. */
  code: string
  scripts: ReadonlySet<string>
  metrics: string
  /** Every page by its path, for links into it. */
  pages: ReadonlyMap<string, string>
}

const isKept = (path: string) => !/(^|\/)(node_modules|dist[^/]*|data|coverage|screenshots|\.git)(\/|$)/.test(path)
const alike = (text: string) => text.replaceAll('’', "'").replaceAll("\\'", "'")
const anyParam = (path: string) => path.replaceAll(/\{\w+\}/g, '{}')
const known = new Set(
  Object.values(routes).flatMap((group) =>
    Object.values(group).map(({ method, path }) => `${method} ${anyParam(path)}`),
  ),
)

/** Reads the repository once. */
export function readThings(): { documents: Document[]; things: Things } {
  const exclude = (path: string) => !isKept(path.split(sep).join('/'))
  const files = globSync(['*', '*/**', '.ci/*'], { cwd: root, exclude }).map((path) => path.split(sep).join('/'))
  const read = (path: string) => readFileSync(join(root, path), 'utf8')
  const all = files.filter((path) => path.endsWith('.md')).map((path) => ({ path, text: read(path) }))
  const sources = files
    .filter((path) => /\.(ts|tsx|mjs|sql|css|html|conf)$/.test(path) || path === 'package.json')
    // The names that its controls make up are nowhere.
    .filter((path) => !path.endsWith('test/documents.test.ts'))
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  return {
    documents: all.filter(({ text }) => !/^Made (from the code )?by `/m.test(text)),
    things: {
      files: new Set(files),
      code: alike(sources.map(read).join('\n')),
      scripts: new Set(['start', 'test', 'install', ...Object.keys(scripts)]),
      metrics: read('docs/operating/metrics.md'),
      pages: new Map(all.map(({ path, text }) => [path, text])),
    },
  }
}

/** What documents name and nobody has: pages, anchors, files, commands, settings, metrics, codes, routes, tests. */
export function documentFaults(documents: readonly Document[], things: Things): Fault[] {
  return documents.flatMap(({ path, text }) => {
    const prose = text.replaceAll(/^```[^]*?^```/gm, (block) => block.replaceAll(/[^\n]/g, ' '))
    const faults: Fault[] = []
    const note = (index: number, what: string | undefined) => {
      if (what !== undefined) faults.push({ path, line: text.slice(0, index).split('\n').length, what })
    }
    for (const { index, 1: target } of prose.matchAll(/\]\(([^)\s]+)\)/g)) note(index, linkFault(path, target!, things))
    for (const { index, 1: said } of prose.matchAll(/`([^`\n]+)`/g)) note(index, nameFault(path, said!, things))
    for (const { index, 1: script, 2: word } of text.matchAll(/npm run (?:-s )?([\w:-]+)(?: -- ([a-z][a-z-]*))?/g))
      note(index, commandFault(script!, word, things))
    for (const { index, 0: proofs } of prose.matchAll(/\*Proved by\*.*/g))
      for (const { 1: name } of proofs.matchAll(/"([^"\n]+)"/g)) note(index, testFault(name!, things))
    return faults
  })
}

function linkFault(from: string, target: string, { files, pages }: Things): string | undefined {
  if (/^[a-z]+:/.test(target)) return undefined
  const [file, anchor] = target.split('#')
  const path = file ? posix.join(dirname(from), file).replace(/\/$/, '') : from
  if (!files.has(path) && ![...files].some((other) => other.startsWith(`${path}/`))) return `no page ${target}`
  const page = pages.get(path)
  if (anchor === undefined || page === undefined) return undefined
  const anchors = [...page.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} -]/gu, '')
      .replaceAll(' ', '-'),
  )
  return anchors.includes(anchor) ? undefined : `no heading ${target}`
}

const modules = 'http|identity|catalog|waiting-room|ballots|auctions|waitlist|inventory|orders|payments|tickets|ledger'

function nameFault(from: string, said: string, { files, code, metrics }: Things): string | undefined {
  const route = /^(GET|POST|PUT|PATCH|DELETE) (\/api\/[^\s?…]+)(\?\S*)?$/.exec(said)
  if (route) return known.has(`${route[1]} ${anyParam(route[2]!)}`) ? undefined : `no route ${said}`
  const metric = /^(fairgate_\w+?)(\{.*)?$/.exec(said)?.[1]
  if (metric) return metrics.includes(`\`${metric}\``) ? undefined : `no metric ${said}`
  // The name of a setting, a code, or a kind of event; what others call theirs is in the code as well.
  const name = /^[A-Z][A-Z0-9]*_[A-Z0-9_]*[A-Z0-9](?==|$)/.exec(said)?.[0]
  if (name) return code.includes(name) ? undefined : `no setting ${name}`
  if (new RegExp(`^(${modules})\\.[a-z][a-z0-9.-]+$`).test(said))
    return said in errors || code.includes(said) ? undefined : `no code or event ${said}`
  const file = /^(?:#?[\w@.-]+\/)*[\w*.-]+\.(ts|tsx|mjs|sql|conf|json|md)$/.test(said)
  if (!file || code.includes(said)) return undefined
  const pattern = new RegExp(`(^|/)${said.replaceAll('.', '\\.').replaceAll('*', '[^/]*')}$`)
  const isThere = [...files].some((path) => pattern.test(path)) || files.has(posix.join(dirname(from), said))
  return isThere ? undefined : `no file ${said}`
}

/** The first word behind `cli` and `orders` is a command of ours, behind the others a scenario, a topic or an id. */
function commandFault(script: string, word: string | undefined, { scripts, code }: Things): string | undefined {
  if (!scripts.has(script)) return `no command npm run ${script}`
  const isOurs = word === undefined || !['cli', 'orders'].includes(script) || code.includes(`command('${word}`)
  return isOurs ? undefined : `no command npm run -s ${script} -- ${word}`
}

/** Names are shortened by an ellipsis: each piece of one is in the tests. */
function testFault(name: string, { code }: Things): string | undefined {
  const pieces = alike(name)
    .split('…')
    .map((piece) => piece.trim())
  return pieces.every((piece) => code.includes(piece)) ? undefined : `no test "${name}"`
}
