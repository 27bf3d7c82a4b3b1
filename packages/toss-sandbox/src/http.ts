import type { IncomingMessage, ServerResponse } from 'node:http'

import type { Language } from './faults.ts'

export type Handler = (request: IncomingMessage, response: ServerResponse, url: URL) => Promise<void>

const bodyBytesMax = 65_536

/** So much of a body that is too large is still taken off the wire, because many senders only then read the refusal. */
const drainedBytesMax = 1_048_576

/** The body as text; undefined when it is over 64 kB or its sender went away. */
export async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      bytes += chunk.length
      if (bytes <= bodyBytesMax) chunks.push(chunk)
      else if (bytes > drainedBytesMax) return undefined
    }
  } catch {
    // The sender went away in the middle of the body: there is nobody left to answer.
    return undefined
  }
  return bytes <= bodyBytesMax ? Buffer.concat(chunks).toString('utf8') : undefined
}

export function send(response: ServerResponse, status: number, type: string, body: string, headers = {}): void {
  if (response.headersSent || response.destroyed) return
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...headers,
  })
  response.end(body)
}

export function sendJson(response: ServerResponse, status: number, body: unknown, headers = {}): void {
  send(response, status, 'application/json;charset=UTF-8', JSON.stringify(body), headers)
}

/** The first language of `Accept-Language` that is Korean or English; Korean, the provider's default, without one. */
export function languageOf(request: IncomingMessage): Language {
  for (const part of (request.headers['accept-language'] ?? '').split(',')) {
    const tag = part.trim().slice(0, 2).toLowerCase()
    if (tag === 'ko' || tag === 'en') return tag
  }
  return 'ko'
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** An absolute http(s) address, or undefined. */
export function httpUrl(text: string): URL | undefined {
  const url = URL.parse(text)
  return url && (url.protocol === 'http:' || url.protocol === 'https:') ? url : undefined
}
