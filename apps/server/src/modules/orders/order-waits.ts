import type { Scheduler } from '#platform/clock'
import type { Signals } from '#platform/signals'
import type { Order } from './saga.ts'

export type OrderWaits = {
  /**
   * Waits until `isDone` of the order, `timeoutMs` are over or the client has gone, whichever is first.
   * @returns the order as last seen; the given one at once when too many wait already
   */
  wait(order: Order, isDone: (order: Order) => boolean, timeoutMs: number, gone: AbortSignal): Promise<Order>
  readonly waiting: number
}

/**
 * Long polls of orders. A signal wakes those who wait for an order; as signals may be lost, everybody's orders are also
 * looked up once in `recheckMs`. However many wait, there is one statement at a time, for all orders that may have
 * changed since the last.
 */
export function createOrderWaits(options: {
  scheduler: Scheduler
  signals: Signals
  load(ids: readonly string[]): Promise<readonly Order[]>
  waitersMax: number
  recheckMs: number
}): OrderWaits {
  const { scheduler, signals, load, waitersMax, recheckMs } = options
  type Waiter = { seen: Order; isDone: (order: Order) => boolean; end: (order: Order) => void }
  const byOrder = new Map<string, Set<Waiter>>()
  let waiting = 0
  let changed = new Set<string>()
  let looking = false
  let cancelRecheck: (() => void) | undefined

  signals.on('orders', (ids) => look(ids))

  function look(ids: Iterable<string>): void {
    for (const id of ids) if (byOrder.has(id)) changed.add(id)
    if (changed.size > 0 && !looking) void lookUp()
  }

  async function lookUp(): Promise<void> {
    looking = true
    while (changed.size > 0) {
      const ids = [...changed]
      changed = new Set()
      try {
        for (const order of await load(ids)) {
          for (const waiter of byOrder.get(order.id) ?? []) {
            waiter.seen = order
            if (waiter.isDone(order)) waiter.end(order)
          }
        }
      } catch {
        // The database is away for a moment: the next look at all orders tries again.
      }
    }
    looking = false
  }

  function recheck(): void {
    cancelRecheck = undefined
    look(byOrder.keys())
    if (waiting > 0) cancelRecheck = scheduler.after(recheckMs, recheck)
  }

  return {
    wait(order, isDone, timeoutMs, gone) {
      if (isDone(order) || timeoutMs <= 0 || gone.aborted || waiting >= waitersMax) return Promise.resolve(order)
      const { promise, resolve } = Promise.withResolvers<Order>()
      const others = byOrder.get(order.id) ?? new Set()
      const waiter: Waiter = {
        seen: order,
        isDone,
        end(last) {
          if (!others.delete(waiter)) return
          if (others.size === 0) byOrder.delete(order.id)
          cancelTimeout()
          gone.removeEventListener('abort', leave)
          if (--waiting === 0) {
            cancelRecheck?.()
            cancelRecheck = undefined
          }
          resolve(last)
        },
      }
      const leave = () => waiter.end(waiter.seen)
      const cancelTimeout = scheduler.after(timeoutMs, leave)
      gone.addEventListener('abort', leave)
      byOrder.set(order.id, others.add(waiter))
      waiting++
      cancelRecheck ??= scheduler.after(recheckMs, recheck)
      // The order may have changed since it was read.
      look([order.id])
      return promise
    },
    get waiting() {
      return waiting
    },
  }
}
