import type { checkCode } from '@fairgate/contracts/http/codes'
import type { Answer } from '@fairgate/contracts/http/route'
import type { Place } from '@fairgate/contracts/http/waiting-room'

export type KeptPlace = {
  accountId: string
  place: Place
  placeToken: string
  aheadAtFirst?: number
  /** What the line had committed to when this device last looked before the draw. */
  commitment?: string
}
export type KeptPass = { accountId: string; passToken: string; expiresAt: string; sectionIds: string[] }
/** An order that may be paid, and the line it came from. */
export type KeptPayment = { accountId: string; paymentRequestToken: string; lineId: string }

/** What an award of a ballot lets its owner buy, and where. */
export type KeptAward = {
  accountId: string
  saleId: string
  eventId: string
  sectionIds: string[]
  seatsMax: number
}

/** A code that the server knows, and what it gives. */
export type GoodCode = Answer<typeof checkCode>
/** A code that was typed before there was anything to buy with it, by event. */
type KeptCode = { accountId: string; good: GoodCode }

/** What a refresh must not lose, by line and by order, for one account. */
export type Keep = ReturnType<typeof createKeep>

type Storage = Pick<globalThis.Storage, 'getItem' | 'setItem' | 'removeItem'>

/** @param storage `localStorage`; when the browser refuses it, the tab's memory serves until it is closed */
export function createKeep(storage: Storage | undefined) {
  const memory = new Map<string, string>()

  function read<T extends { accountId: string }>(key: string, accountId: string): T | undefined {
    try {
      const text = memory.get(key) ?? storage?.getItem(key)
      const value = text ? (JSON.parse(text) as T) : undefined
      return value?.accountId === accountId ? value : undefined
    } catch {
      return undefined
    }
  }

  function write(key: string, value: object): void {
    const text = JSON.stringify(value)
    try {
      if (storage === undefined) throw new Error('no storage')
      storage.setItem(key, text)
      memory.delete(key)
    } catch {
      memory.set(key, text)
    }
  }

  function remove(key: string): void {
    memory.delete(key)
    try {
      storage?.removeItem(key)
    } catch {
      // A storage that cannot be written holds nothing of ours.
    }
  }

  const slot = <T extends { accountId: string }>(kind: string) => ({
    get: (id: string, accountId: string) => read<T>(`fairgate.${kind}.${id}`, accountId),
    set: (id: string, value: T) => write(`fairgate.${kind}.${id}`, value),
    drop: (id: string) => remove(`fairgate.${kind}.${id}`),
  })

  return {
    place: slot<KeptPlace>('place'),
    pass: slot<KeptPass>('pass'),
    award: slot<KeptAward>('award'),
    payment: slot<KeptPayment>('payment'),
    code: slot<KeptCode>('code'),
  }
}
