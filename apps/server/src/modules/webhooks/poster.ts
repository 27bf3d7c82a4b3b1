import { lookup } from 'node:dns/promises'
import { request as requestByHttp, type RequestOptions } from 'node:http'
import { request as requestByHttps } from 'node:https'
import type { LookupFunction } from 'node:net'
import { isLoopback, isPublic } from '#platform/address'
import type { Scheduler } from '#platform/clock'

export type Address = { address: string; family: number }
/** All addresses of a host name or of an address. */
export type Resolve = (host: string) => Promise<Address[]>

export const systemResolve: Resolve = (host) => lookup(host, { all: true, verbatim: true })

/** How a post was answered: the status, or why there is none. */
export type Posted = { status: number | null; reason: string | null; retryAfterMs?: number }

/**
 * Why a URL cannot be an endpoint, in words for its owner; undefined when it can. Where it leads is looked at each time
 * it is used.
 * @param allowsLocal  plain HTTP to `localhost`, for development
 */
export function urlFault(text: string, allowsLocal: boolean): string | undefined {
  if (!URL.canParse(text)) return 'must be a URL such as https://hooks.example.com/fairgate'
  const { protocol, username, password, hash, hostname } = new URL(text)
  const isLocal = isLocalName(hostname)
  if (protocol !== 'https:' && !(allowsLocal && isLocal && protocol === 'http:')) return 'must begin with https://'
  if (username || password) return 'must not have a password in it'
  if (hash) return 'must not have a #'
  if (isLocal && !allowsLocal) return 'must be on the internet'
  return undefined
}

const isLocalName = (host: string): boolean => host === 'localhost' || isLoopback(host.replace(/^\[|\]$/g, ''))

/**
 * Posts to servers that strangers name. The addresses of the host are looked at before each post and the connection goes
 * to just these, so that a name that leads to a neighbour of ours, or begins to between look and connection, reaches
 * nothing. Redirects are not followed, and of the answer only its head is read. Never throws.
 */
export function createPoster(options: {
  resolve: Resolve
  allowsLocal: boolean
  timeoutMs: number
  scheduler: Scheduler
}) {
  const { resolve, allowsLocal, timeoutMs, scheduler } = options

  async function addressesOf(host: string): Promise<Address[]> {
    const addresses = await resolve(host)
    const isAllowed = ({ address }: Address) =>
      isPublic(address) || (allowsLocal && isLocalName(host) && isLoopback(address))
    const refused = addresses.find((address) => !isAllowed(address))
    if (refused) throw new Error(`${host} leads to ${refused.address}, which is not on the internet`)
    if (addresses.length === 0) throw new Error(`${host} has no address`)
    return addresses
  }

  return async function post(url: string, headers: Record<string, string>, body: string): Promise<Posted> {
    const deadline = new AbortController()
    const late = new Promise<never>((_resolve, reject) => {
      deadline.signal.addEventListener('abort', () => reject(new Error(`no answer within ${timeoutMs} ms`)))
    })
    const cancel = scheduler.after(timeoutMs, () => deadline.abort())
    try {
      const target = new URL(url)
      const addresses = await Promise.race([addressesOf(target.hostname.replace(/^\[|\]$/g, '')), late])
      return await Promise.race([send(target, addresses, headers, body, deadline.signal), late])
    } catch (error) {
      return { status: null, reason: (error as Error).message.slice(0, 300) }
    } finally {
      cancel()
    }
  }
}

export type Post = ReturnType<typeof createPoster>

function send(
  url: URL,
  addresses: readonly Address[],
  headers: Record<string, string>,
  body: string,
  signal: AbortSignal,
): Promise<Posted> {
  const found: LookupFunction = (_host, { all }, callback) =>
    all ? callback(null, [...addresses]) : callback(null, addresses[0]!.address, addresses[0]!.family)
  const options: RequestOptions = {
    method: 'POST',
    headers: { ...headers, 'content-length': Buffer.byteLength(body) },
    lookup: found,
    // A kept connection would outlive the look at its address.
    agent: false,
    signal,
  }
  return new Promise<Posted>((resolve, reject) => {
    const request = (url.protocol === 'https:' ? requestByHttps : requestByHttp)(url, options, (response) => {
      const { statusCode = 0 } = response
      const seconds = Number(response.headers['retry-after'])
      response.destroy()
      resolve({
        status: statusCode,
        reason: statusCode >= 200 && statusCode < 300 ? null : `answered ${statusCode}`,
        ...(seconds > 0 ? { retryAfterMs: seconds * 1000 } : {}),
      })
    })
    request.on('error', reject)
    request.end(body)
  })
}
