import { useEffect, useRef, useState, useSyncExternalStore } from 'react'
import { useLocation } from 'wouter'
import type { Answer } from '@fairgate/contracts/http/route'
import type { placeOrder } from '@fairgate/contracts/http/orders'
import { useAccount, useApp } from '../app.tsx'
import { keys, useQueryClient } from '../api/queries.ts'
import { pb } from '../path-builder.ts'

/** The server's time, renewed every `everyMs`. */
export function useServerNow(everyMs = 1000): number {
  const { serverClock } = useApp()
  const [now, setNow] = useState(() => serverClock.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(serverClock.now()), everyMs)
    return () => clearInterval(timer)
  }, [serverClock, everyMs])
  return now
}

export function useTitle(title: string | undefined): void {
  useEffect(() => {
    document.title = title ? `${title} · Fairgate` : 'Fairgate'
  }, [title])
}

function subscribeOnline(listener: () => void): () => void {
  addEventListener('online', listener)
  addEventListener('offline', listener)
  return () => {
    removeEventListener('online', listener)
    removeEventListener('offline', listener)
  }
}

export const useOnline = (): boolean => useSyncExternalStore(subscribeOnline, () => navigator.onLine)

/** The focus goes here when it appears: for headings of states that replaced another. */
export function useFocusOnMount<E extends HTMLElement>() {
  const element = useRef<E>(null)
  useEffect(() => element.current?.focus(), [])
  return element
}

/** Idempotency keys: the same body keeps its key until its outcome is known, so that a retry after a lost answer is no second try. */
export function useIdempotencyKey() {
  const last = useRef({ body: '', key: '' })
  return {
    keyFor(body: unknown): string {
      const text = JSON.stringify(body)
      if (last.current.body !== text || !last.current.key) last.current = { body: text, key: crypto.randomUUID() }
      return last.current.key
    },
    settle: () => {
      last.current = { body: '', key: '' }
    },
  }
}

/**
 * One work at a time that may fail: `busy` until it is over, `failure` until the next one or `clear`. A press that comes
 * while one is running does nothing, also before its button is drawn as disabled.
 */
export function useAttempt() {
  const [busy, setBusy] = useState(false)
  const [failure, setFailure] = useState<unknown>()
  const isRunning = useRef(false)

  async function attempt(work: () => Promise<unknown>, onFailure?: (error: unknown) => unknown): Promise<void> {
    if (isRunning.current) return
    isRunning.current = true
    setBusy(true)
    setFailure(undefined)
    try {
      await work()
    } catch (error) {
      setFailure(error)
      await onFailure?.(error)
    } finally {
      isRunning.current = false
      setBusy(false)
    }
  }

  return { busy, failure, attempt, clear: () => setFailure(undefined) }
}

/**
 * Goes on to an order that was just placed; the page finds it without asking, and what the payment needs is kept.
 * @returns a function of the server's answer and of what the hold came from: a line, or the offer or award of one
 */
export function useGoToOrder() {
  const { keep } = useApp()
  const account = useAccount()
  const client = useQueryClient()
  const [, navigate] = useLocation()
  return ({ order, paymentRequestToken }: Answer<typeof placeOrder>, lineId: string): void => {
    if (account && paymentRequestToken)
      keep.payment.set(order.id, { accountId: account.id, paymentRequestToken, lineId })
    client.setQueryData(keys.order(order.id), order)
    navigate(pb.order(order.id))
  }
}
