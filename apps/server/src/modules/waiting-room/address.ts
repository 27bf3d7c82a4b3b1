import { isIPv4, isIPv6 } from 'node:net'

/** The block that one owner usually holds: an IPv4 /24 or an IPv6 /56, as `203.0.113.0/24` and `2001:db8:0:1200::/56`. */
export function addressBlock(ip: string): string {
  const bare = ip.split('%')[0]!.replace(/^::ffff:(?=\d+\.)/i, '')
  if (isIPv4(bare)) return `${bare.split('.').slice(0, 3).join('.')}.0/24`
  if (!isIPv6(bare)) return bare
  const [head = '', tail] = bare.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail ? tail.split(':') : []
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length)
  const groups = [...left, ...Array<string>(zeros).fill('0'), ...right].slice(0, 4).map((group) => parseInt(group, 16))
  groups[3] = groups[3]! & 0xff00
  return `${groups.map((group) => group.toString(16)).join(':')}::/56`
}

export const isLoopback = (ip: string): boolean => /^(::ffff:)?127\.|^::1$/i.test(ip)
