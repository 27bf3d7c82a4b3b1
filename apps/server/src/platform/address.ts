import { BlockList, isIPv4, isIPv6 } from 'node:net'

type Block = { ipv4: number; ipv6: number }

/**
 * The block of addresses that one owner usually holds, as `203.0.113.0/24` and `2001:db8:0:1200::/56`, however the
 * address is written: in long, with a zone, with a port as some proxies add it, as IPv4 within IPv6. All that is no
 * address is one block, so that making words up gains nobody a limit of their own. `ipv6` is 64 bits at most.
 */
export function addressBlock(ip: string, bits: Block): string {
  const bare = withoutPort(ip)
  if (isIPv4(bare)) return ipv4Block(bare.split('.').map(Number), bits.ipv4)
  if (!isIPv6(bare)) return 'unknown'
  const groups = groupsOf(bare)
  const [high, low] = [groups[6]!, groups[7]!]
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff)
    return ipv4Block([high >> 8, high & 0xff, low >> 8, low & 0xff], bits.ipv4)
  const kept = masked(groups, 16, bits.ipv6).slice(0, 4)
  return `${kept.map((group) => group.toString(16)).join(':')}::/${bits.ipv6}`
}

export const isLoopback = (ip: string): boolean => /^(::ffff:)?127\.|^::1$/i.test(ip)

/**
 * Networks that are nobody's on the internet (RFC 6890 and the registries of IANA): private, local, for documentation,
 * and ways around to those, IPv4 within IPv6. Two lists, because one would take every IPv4 address for a mapped one.
 */
const special = {
  ipv4: networks(
    'ipv4',
    '0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24',
    '192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/3',
  ),
  ipv6: networks(
    'ipv6',
    '::/16 64:ff9b::/32 100::/64 2001::/23 2001:db8::/32 2002::/16 3fff::/20 5f00::/16 fc00::/7 fe80::/9 ff00::/8',
  ),
}

function networks(family: 'ipv4' | 'ipv6', ...lines: string[]): BlockList {
  const list = new BlockList()
  for (const network of lines.flatMap((line) => line.split(' '))) {
    const [address = '', bits] = network.split('/')
    list.addSubnet(address, Number(bits), family)
  }
  return list
}

/** Whether a request of ours to this address goes out to the internet, and never to a neighbour or to ourselves. */
export const isPublic = (ip: string): boolean =>
  isIPv4(ip) ? !special.ipv4.check(ip, 'ipv4') : isIPv6(ip) && !special.ipv6.check(ip, 'ipv6')

/** Whether this names an address, a network, or one of the kinds that Fastify's `trustProxy` knows by name. */
export function isNetwork(text: string): boolean {
  if (['loopback', 'linklocal', 'uniquelocal'].includes(text)) return true
  const [address = '', bits, ...rest] = text.split('/')
  if (!(isIPv4(address) || isIPv6(address)) || rest.length > 0) return false
  if (bits === undefined) return true
  try {
    if (!/^\d{1,3}$/.test(bits)) return false
    new BlockList().addSubnet(address, Number(bits), isIPv4(address) ? 'ipv4' : 'ipv6')
    return true
  } catch {
    return false
  }
}

function withoutPort(ip: string): string {
  const bare = /^\[(.+)\](:\d+)?$/.exec(ip)?.[1] ?? /^([\d.]+):\d+$/.exec(ip)?.[1] ?? ip
  return bare.split('%')[0]!
}

/** The eight groups of an IPv6 address. */
function groupsOf(ip: string): number[] {
  const [, front = '', tail] = /^(.*?:)(\d+\.\d+\.\d+\.\d+)$/.exec(ip) ?? ['', ip]
  const dotted = tail?.split('.').map(Number)
  const text = dotted
    ? `${front}${((dotted[0]! << 8) | dotted[1]!).toString(16)}:${((dotted[2]! << 8) | dotted[3]!).toString(16)}`
    : front
  const [left, right] = text
    .split('::')
    .map((half) => (half === '' ? [] : half.split(':').map((group) => parseInt(group, 16))))
  if (!right) return left!
  return [...left!, ...Array<number>(8 - left!.length - right.length).fill(0), ...right]
}

const ipv4Block = (bytes: readonly number[], bits: number): string => `${masked(bytes, 8, bits).join('.')}/${bits}`

/** The first `bits` of parts of `width` bits each; the others are zero. */
const masked = (parts: readonly number[], width: number, bits: number): number[] =>
  parts.map((part, i) => {
    const cut = width - Math.min(width, Math.max(0, bits - i * width))
    return (part >> cut) << cut
  })
