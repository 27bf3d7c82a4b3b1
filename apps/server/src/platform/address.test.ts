import { expect, test } from 'vitest'
import { addressBlock, isNetwork, isPublic } from './address.ts'

const block = (ip: string): string => addressBlock(ip, { ipv4: 24, ipv6: 56 })

test('an address block is told however the address is written', () => {
  for (const ip of [
    '203.0.113.77',
    '::ffff:203.0.113.77',
    '::FFFF:cb00:714d',
    '203.0.113.77:4711',
    '[::ffff:203.0.113.77]:443',
  ])
    expect(block(ip), ip).toBe('203.0.113.0/24')
  for (const ip of [
    '2001:db8:0:12ab::1',
    '2001:0DB8:0000:12ff:1:2:3:4',
    '[2001:db8:0:1200::1]:443',
    '2001:db8:0:1201::1%eth0',
  ])
    expect(block(ip), ip).toBe('2001:db8:0:1200::/56')
  expect(block('2001:db8::1')).toBe('2001:db8:0:0::/56')
  expect(block('64:ff9b::203.0.113.77')).toBe('64:ff9b:0:0::/56')
  expect(block('fe80::1%eth0')).toBe('fe80:0:0:0::/56')
  expect(block('::1')).toBe('0:0:0:0::/56')
  expect(block('::')).toBe('0:0:0:0::/56')
  expect(addressBlock('203.0.113.77', { ipv4: 32, ipv6: 64 })).toBe('203.0.113.77/32')
  expect(addressBlock('2001:db8:0:12ab::1', { ipv4: 32, ipv6: 64 })).toBe('2001:db8:0:12ab::/64')
})

test('words are no addresses, and all of them are one block', () => {
  for (const word of [
    '',
    'unknown',
    '_hidden',
    '1.2.3',
    '999.1.1.1',
    '203.0.113.77, 10.0.0.1',
    '::1::2',
    '[]',
    'a'.repeat(10_000),
  ])
    expect(block(word), word.slice(0, 20)).toBe('unknown')
})

test('a network is an address, a prefix of one, or a kind by name', () => {
  for (const text of ['10.0.0.1', '10.0.0.0/8', '2001:db8::/32', '::1', 'loopback', 'uniquelocal'])
    expect(isNetwork(text), text).toBe(true)
  for (const text of [
    '',
    'proxy',
    '10.0.0.0/33',
    '10.0.0/8',
    '::1/129',
    '10.0.0.1/8/8',
    '10.0.0.1/x',
    '10.0.0.1/-1',
    '*',
  ])
    expect(isNetwork(text), text).toBe(false)
})

test('what is not on the internet is not public, however it is written', () => {
  for (const ip of [
    '127.0.0.1',
    '10.1.2.3',
    '172.31.255.255',
    '192.168.0.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    '::1',
    '::',
    '::ffff:10.0.0.1',
    '::ffff:8.8.8.8',
    '64:ff9b::a00:1',
    '2002:a00:1::',
    'fd00::1',
    'fe80::1',
    'fec0::1',
    'ff02::1',
    '2001:db8::1',
    'localhost',
    '',
  ])
    expect(isPublic(ip), ip).toBe(false)
  for (const ip of ['8.8.8.8', '1.1.1.1', '172.32.0.1', '203.0.114.1', '2606:4700:4700::1111', '2a00:1450::1'])
    expect(isPublic(ip), ip).toBe(true)
})
