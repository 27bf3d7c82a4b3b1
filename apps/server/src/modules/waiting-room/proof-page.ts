import { readFileSync } from 'node:fs'
import { createRequire, stripTypeScriptTypes } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { LineDocument } from '@fairgate/contracts/http/waiting-room'

const { resolve } = createRequire(import.meta.url)

/** The program of the page: the very sources that the waiting page and the tests use, and what shows their result. */
const sources = [
  ...['sha256', 'draw', 'verify-draw'].map((name) => resolve(`@fairgate/contracts/${name}`)),
  fileURLToPath(new URL('./proof-page-script.ts', import.meta.url)),
]

let program: string | undefined

/** One script of several modules: without types, and side by side instead of importing each other. */
function programText(): string {
  return sources
    .map((path) => stripTypeScriptTypes(readFileSync(path, 'utf8')))
    .map((text) => text.replace(/^import\b[\s\S]*?'\n/gm, '').replace(/^export /gm, ''))
    .join('\n')
}

/** Pages made of a drawn line never change: the last one is kept, because making one copies megabytes. */
export function createProofPages() {
  let last: { lineId: string; html: string } | undefined
  return (document: LineDocument, leaves: Uint8Array): string => {
    if (last?.lineId !== document.id) last = { lineId: document.id, html: proofPage(document, leaves) }
    return last.html
  }
}

/**
 * A page that proves a draw on its own: document, entrants and program are in the file, and its policy forbids it to
 * ask anybody anything.
 */
function proofPage(document: LineDocument, leaves: Uint8Array): string {
  program ??= programText()
  const { id, name, saleId, opensAt, draw } = document
  const data = { id, name, saleId, opensAt, draw, entrants: Buffer.from(leaves).toString('base64') }
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="content-security-policy" content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'">
<title>Fairgate · draw of ${id}</title>
<style>
body { max-width: 46rem; margin: 3rem auto; padding: 0 1.25rem; font: 1rem/1.6 system-ui, sans-serif; color: #1c1a16; background: #f6f4ee }
li { margin: .6rem 0 } li[data-ok=false], output[data-ok=false] { color: #a2281a; font-weight: 600 }
code, li small { display: block; overflow-wrap: anywhere; font: .8rem/1.5 ui-monospace, monospace; color: #6b665a }
input { font: inherit; padding: .4rem .6rem; border: 1px solid #b9b2a2; border-radius: .5rem } button { font: inherit; padding: .4rem 1rem }
label { display: block; margin: .6rem 0 }
</style>
<h1 id="verdict">…</h1>
<p>순서가 열리기 전에 정해졌고 아무도 바꾸지 않았는지를 이 파일만으로 다시 계산합니다. This file recomputes, on its own, that the order was fixed before the opening and that nobody has changed it.</p>
<ol id="checks"></ol>
<h2>내 순서 · My position</h2>
<form id="place">
<label>번호 Number <input name="number" inputmode="numeric" required></label>
<label>대기표 ID Place id <input name="id" placeholder="plc_…" size="34"></label>
<button>계산 Compute</button> <output id="mine"></output>
</form>
<h2>공개된 값 · What was published</h2>
<code id="published"></code>
<script type="application/json" id="data">${JSON.stringify(data).replaceAll('<', '\\u003c')}</script>
<script type="module">
${program.replaceAll('</script', '<\\/script')}
</script>
</html>
`
}
