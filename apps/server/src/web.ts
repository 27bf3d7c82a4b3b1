import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Log } from '#platform/log'
import { Problem } from '#platform/problem'
import type { Guests } from './payment-setup.ts'

const webFolder = fileURLToPath(new URL('../../web/', import.meta.url))
const distFolder = join(webFolder, 'dist')
const stampFile = join(distFolder, '.sources')

const contentSecurityPolicy = ({ scripts, frames, calls }: Guests) =>
  [
    "default-src 'self'",
    ...Object.entries({ 'script-src': scripts, 'frame-src': frames, 'connect-src': calls })
      .filter(([, guests]) => guests.length > 0)
      .map(([what, guests]) => `${what} 'self' ${guests.join(' ')}`),
    "img-src 'self' data:",
    "style-src 'self' 'unsafe-inline'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "object-src 'none'",
  ].join('; ')

/** Paths that belong to programs: an unknown one is a 404 for them, never a page. */
const programPaths = /^\/(api|v1|sandbox|dev|\.well-known)(\/|$)|^\/(livez|readyz|metrics)$/

/** Builds the web app with Vite when its sources have changed since the last build. */
export async function buildWebIfChanged(log: Log): Promise<void> {
  const fingerprint = fingerprintOf(
    [
      join(webFolder, 'src'),
      join(webFolder, 'waiting-room'),
      fileURLToPath(new URL('../../../packages/contracts/src/', import.meta.url)),
    ],
    [join(webFolder, 'index.html'), join(webFolder, 'vite.config.ts'), join(webFolder, 'package.json')],
  )
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === fingerprint) return
  log.info('building the web app')
  // Not import.meta.resolve: the loader of the tests has none.
  const vite = join(dirname(createRequire(import.meta.url).resolve('vite/package.json')), 'bin', 'vite.js')
  // Built aside and moved into place, so that another process never serves half of it.
  const aside = `${join(webFolder, 'dist')}-${process.pid}`
  await new Promise<void>((resolve, reject) => {
    const child = spawn(process.execPath, [vite, 'build', '--logLevel', 'warn', '--outDir', aside, '--emptyOutDir'], {
      cwd: webFolder,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let errors = ''
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
    child.once('error', reject)
    child.once('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`the web app could not be built:\n${errors}`)),
    )
  })
  compressFiles(aside)
  writeFileSync(join(aside, '.sources'), fingerprint)
  // Swapped, not removed first: a process that serves the folder misses it for no longer than two renames take.
  const old = `${aside}-old`
  if (existsSync(distFolder)) renameSync(distFolder, old)
  renameSync(aside, distFolder)
  rmSync(old, { recursive: true, force: true })
}

/** Beside each text file what browsers are sent instead: the waiting page is 37 kB in itself and 13 with Brotli. */
function compressFiles(folder: string): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !/\.(js|css|html|svg)$/.test(entry.name)) continue
    const file = join(entry.parentPath, entry.name)
    const bytes = readFileSync(file)
    writeFileSync(`${file}.br`, brotliCompressSync(bytes))
    writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }))
  }
}

function fingerprintOf(folders: readonly string[], files: readonly string[]): string {
  const hash = createHash('sha256')
  const all = [...files]
  for (const folder of folders) {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (entry.isFile()) all.push(join(entry.parentPath, entry.name))
    }
  }
  for (const file of all.toSorted()) {
    if (existsSync(file)) hash.update(file.slice(webFolder.length)).update(readFileSync(file))
  }
  return hash.digest('hex')
}

/** Serves the built web app: assets for ever (their names carry a hash), pages fresh, `/wait/…` as its own small page. */
export function serveWeb(app: FastifyInstance, guests: Guests): void {
  const policy = contentSecurityPolicy(guests)
  void app.register(fastifyStatic, { root: distFolder, serve: false, cacheControl: false, preCompressed: true })

  const page = (reply: FastifyReply, file: string) =>
    reply
      .header('cache-control', 'no-cache')
      .header('content-security-policy', policy)
      // Payment windows open as pop-ups of the paying page.
      .header('cross-origin-opener-policy', 'same-origin-allow-popups')
      .sendFile(file)

  app.get('/*', async (request: FastifyRequest, reply) => {
    const path = request.url.split('?')[0]!
    if (programPaths.test(path)) throw new Problem('http.not-found', { detail: path })
    if (path.startsWith('/assets/'))
      return reply.header('cache-control', 'public, max-age=31536000, immutable').sendFile(path.slice(1))
    if (path.startsWith('/wait/')) return page(reply, 'waiting-room/index.html')
    if (/\.[a-z0-9]+$/i.test(path)) return reply.header('cache-control', 'public, max-age=3600').sendFile(path.slice(1))
    return page(reply, 'index.html')
  })
}
