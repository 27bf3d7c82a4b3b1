import { expect, test } from 'vitest'
import { addressBlock } from './limits.ts'

test('an address block is an IPv4 address or the first half of an IPv6 address, however it is written', () => {
  expect(addressBlock('203.0.113.9')).toBe('203.0.113.9')
  expect(addressBlock('::ffff:203.0.113.9')).toBe('203.0.113.9')
  const same = ['2001:db8:0:1::1', '2001:0DB8:0000:0001:ffff:0:0:9', '2001:db8:0:1:2:3:4:5', '2001:db8:0:1::1%eth0']
  expect(new Set(same.map(addressBlock))).toEqual(new Set(['2001:db8:0:1::/64']))
  expect(addressBlock('2001:db8::1')).toBe('2001:db8:0:0::/64')
  expect(addressBlock('::1')).toBe('0:0:0:0::/64')
})
