import { readFileSync } from 'node:fs'
import type { RouteContract } from '@fairgate/contracts/http/route'
import { routes } from '@fairgate/contracts/http/routes'
import { expect, test } from 'vitest'

const gateway = readFileSync(new URL('../../../deploy/nginx/gateway.conf', import.meta.url), 'utf8')

/** The upstream of each service, as the head of the file says. */
const upstreams = new Map(
  [...gateway.matchAll(/^# +(\w+) +SERVICES=(\S+)/gm)].flatMap(([, upstream, services]) =>
    services!.split(',').map((service) => [service, upstream!] as const),
  ),
)

const bytes = (size: string) => Number.parseInt(size, 10) * (size.endsWith('m') ? 2 ** 20 : 2 ** 10)

/** What nginx does with a path: the equal location has it, else the first expression that fits, else the pages. */
function locationOf(path: string, text: string) {
  const locations = [...text.matchAll(/location (?:([~=]) )?(\S+) \{([^}]*?proxy_pass http:\/\/(\w+);[^}]*)\}/g)]
  const found =
    locations.find(([, kind, pattern]) => kind === '=' && pattern === path) ??
    locations.find(([, kind, pattern]) => kind === '~' && new RegExp(pattern!).test(path)) ??
    locations.find(([, kind, pattern]) => kind === undefined && pattern === '/')
  const size = /client_max_body_size (\w+)/
  return { upstream: found![4]!, bodyBytesMax: bytes((size.exec(found![3]!) ?? size.exec(text))![1]!) }
}

/** Routes that do not reach the process with their module, or not with as large a body as they take. */
function lost(text: string): string[] {
  return Object.entries(routes).flatMap(([group, contracts]) => {
    // Each process has the operator's own.
    if (group === 'operations') return []
    const service = group.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
    return Object.values(contracts as Record<string, RouteContract>)
      .filter(({ path, bodyBytesMax = 0 }) => {
        const id = /ballots|waitlists/.test(path) ? 'sal_1' : 'x_1'
        const location = locationOf(path.replaceAll(/\{\w+\}/g, id), text)
        return location.upstream !== upstreams.get(service) || location.bodyBytesMax < bodyBytesMax
      })
      .map(({ method, path }) => `${method} ${path}`)
  })
}

test('the gateway brings every route, with the largest body it takes, to the service that has it', () => {
  expect(lost(gateway)).toEqual([])
})

test('control: a route without its location is found, and one whose body is held up', () => {
  expect(lost(gateway.replace(/.*allotments.*\n/, ''))).toContain('POST /api/sections/{id}/allotments')
  expect(lost(gateway.replace('client_max_body_size 32m', 'client_max_body_size 8m'))).toEqual([
    'POST /api/events/{id}/plan',
  ])
})
