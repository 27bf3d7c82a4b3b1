import { sameBytes, hashBytes } from '@fairgate/contracts/draw'
import type { LineDocument } from '@fairgate/contracts/http/waiting-room'
import { hmacSha256, sha256 } from '@fairgate/contracts/sha256'
import { verifyDraw, verifyPlace } from '@fairgate/contracts/verify-draw'

// What the downloaded page does. It is put behind the modules above in one script, and runs in a browser only.

const element = <E extends HTMLElement>(id: string): E => document.getElementById(id) as E
const data = JSON.parse(element('data').textContent) as Pick<LineDocument, 'id' | 'name' | 'opensAt' | 'draw'> & {
  entrants: string
}
const entrants = Uint8Array.from(atob(data.entrants), (character) => character.charCodeAt(0))
const pure = { sha256, hmacSha256 }

const checks = verifyDraw(pure, data.draw, entrants)
const isTrue = checks.every((check) => check.result !== 'wrong')
element('verdict').textContent = isTrue
  ? `${data.name}: 모두 맞습니다 · everything fits`
  : `${data.name}: 맞지 않습니다 · something does not fit`
const marks = { right: '✓', warning: '!', wrong: '✗' }
for (const { name, result, detail } of checks) {
  const item = document.createElement('li')
  item.dataset['ok'] = String(result === 'right')
  item.textContent = `${marks[result]} ${name}`
  const small = document.createElement('small')
  small.textContent = detail
  item.append(small)
  element('checks').append(item)
}
element('published').textContent = JSON.stringify({ line: data.id, opensAt: data.opensAt, ...data.draw })

element<HTMLFormElement>('place').addEventListener('submit', (event) => {
  event.preventDefault()
  const form = new FormData(event.target as HTMLFormElement)
  const number = Number(form.get('number'))
  const id = (form.get('id') as string).trim()
  const output = element<HTMLOutputElement>('mine')
  if (!Number.isInteger(number) || number < 1) return
  const found = verifyPlace(pure, data.draw, { number, id })
  const listed = entrants.subarray((number - 1) * hashBytes, number * hashBytes)
  const isListed = id === '' || !found.isEntrant || sameBytes(listed, found.leaf)
  output.dataset['ok'] = String(isListed)
  output.textContent = isListed
    ? `${number} → ${found.position}`
    : `${number}: 이 대기표는 명단에 없습니다 · this place is not in the list`
})
