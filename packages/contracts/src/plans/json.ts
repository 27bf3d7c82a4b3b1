import { pointerStep, quoted, type Notebook } from './faults.ts'
import { planLimits } from './plan.ts'

/** Keys that change what an object is, in programs that copy members one by one. */
const forbiddenKeys = ['__proto__', 'constructor', 'prototype']

/**
 * Parses JSON more strictly than `JSON.parse`: also keys that occur twice in an object, of which it keeps the last and
 * says nothing, keys that reach for an object's prototype, and nesting without end are faults.
 */
export function parseJson(text: string, notes: Notebook): unknown {
  if (!scan(text, notes)) return undefined
  try {
    return JSON.parse(text)
  } catch (error) {
    const { message } = error as Error
    const position = positionIn(message, text)
    notes.fault('not-json', position === undefined ? '#' : lineAndColumn(text, position), 'is not JSON from here on')
    return undefined
  }
}

/** Where the parser gave up: it says the position, or shows ten characters on either side of it, or it was the end. */
function positionIn(message: string, text: string): number | undefined {
  const position = /position (\d+)/.exec(message)
  if (position) return Number(position[1])
  const shown = /token '([\s\S]+?)', (\.\.\.)?"([\s\S]*?)"(?:\.\.\.)? is not valid/.exec(message)
  if (shown) {
    const from = text.indexOf(shown[3]!)
    return from === -1 ? undefined : shown[2] ? from + 10 : text.indexOf(shown[1]!, from)
  }
  return /end of/.test(message) ? text.length : undefined
}

function lineAndColumn(text: string, position: number): string {
  const before = text.slice(0, position).split('\n')
  return `line ${before.length}, column ${before.at(-1)!.length + 1}`
}

/** Where the scan is: an object with its keys so far, or a list with its length. */
type Level = { keys: Set<string> | undefined; key: string; index: number; awaitsKey: boolean }

/**
 * Walks over the text once without building anything. Whether it is JSON at all is left to `JSON.parse`.
 * @returns false when it is nested too deeply to go on
 */
function scan(text: string, notes: Notebook): boolean {
  const levels: Level[] = []
  const here = () => `#${levels.map((level) => pointerStep(level.keys ? level.key : String(level.index))).join('')}`
  for (let i = 0; i < text.length; i++) {
    const level = levels.at(-1)
    switch (text.charCodeAt(i)) {
      case 0x22: {
        const end = stringEnd(text, i)
        if (level?.awaitsKey) {
          const key = keyOf(text.slice(i, end + 1))
          level.key = key
          level.awaitsKey = false
          if (level.keys!.has(key)) notes.fault('duplicate-key', here(), `${quoted(key)} is there twice in one object`)
          if (forbiddenKeys.includes(key))
            notes.fault('forbidden-key', here(), `${quoted(key)} is not allowed as a name`)
          level.keys!.add(key)
        }
        i = end
        break
      }
      case 0x7b:
      case 0x5b: {
        if (levels.length >= planLimits.depth) {
          notes.fault('too-deep', lineAndColumn(text, i), `is nested deeper than ${planLimits.depth} levels`)
          return false
        }
        const isObject = text.charCodeAt(i) === 0x7b
        levels.push({ keys: isObject ? new Set() : undefined, key: '', index: 0, awaitsKey: isObject })
        break
      }
      case 0x7d:
      case 0x5d:
        levels.pop()
        break
      case 0x2c:
        if (!level) break
        level.index++
        level.awaitsKey = level.keys !== undefined
        break
    }
  }
  return true
}

/** The closing quote of the text that opens at `start`, or the end of it all. */
function stringEnd(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let slashes = 0
    while (text.charCodeAt(end - 1 - slashes) === 0x5c) slashes++
    if (slashes % 2 === 0) return end
  }
  return text.length
}

/** A key as the parser would read it: `\u005f` is `_`. */
function keyOf(literal: string): string {
  if (!literal.includes('\\')) return literal.slice(1, -1)
  try {
    return String(JSON.parse(literal))
  } catch {
    // Not JSON: the parser will say so, with the place.
    return literal
  }
}
