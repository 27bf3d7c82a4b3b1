import type { Scheduler } from './clock.ts'
import { Problem } from './problem.ts'

/** What a process answers to another: functions of values that JSON can carry. */
export type Face = Record<string, (...values: never[]) => Promise<unknown>>

export type Calls<Theirs extends Face> = {
  /** Asks the other process. @throws http.overloaded when it does not answer in time, has gone, or too much is asked */
  call<N extends keyof Theirs & string>(name: N, ...values: Parameters<Theirs[N]>): ReturnType<Theirs[N]>
  /** Takes what the other process has sent. */
  receive(message: unknown): void
  /** Nothing will be answered any more: what is waiting fails at once. */
  close(): void
}

type Note =
  | { ask: number; name: string; values: unknown[] }
  | { answer: number; value: unknown }
  | { answer: number; fault: string }

const unansweredMax = 50_000

/**
 * Questions and answers between two processes, in both directions. What is asked in one turn of the event loop travels
 * in one message: measured 4 µs a question when a hundred are asked together, 31 µs when one is asked at a time.
 */
export function createCalls<Theirs extends Face>(
  ours: Face,
  { send, scheduler, timeoutMs }: { send(message: unknown): void; scheduler: Scheduler; timeoutMs: number },
): Calls<Theirs> {
  const unanswered = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>()
  let last = 0
  let leaving: Note[] = []
  let isClosed = false

  function post(note: Note): void {
    if (isClosed) return
    leaving.push(note)
    if (leaving.length > 1) return
    queueMicrotask(() => {
      const notes = leaving
      leaving = []
      if (!isClosed) send({ notes })
    })
  }

  async function answer({ ask, name, values }: Extract<Note, { ask: number }>): Promise<void> {
    try {
      const asked = Object.hasOwn(ours, name) ? ours[name] : undefined
      if (!asked) throw new Error(`there is no answer to ${name}`)
      post({ answer: ask, value: await asked(...(values as never[])) })
    } catch (error) {
      post({ answer: ask, fault: error instanceof Error ? error.message : String(error) })
    }
  }

  const away = (cause: string) => new Problem('http.overloaded', { retryAfterMs: 1000 }, { cause: new Error(cause) })

  return {
    call: ((name: string, ...values: unknown[]) => {
      if (isClosed) return Promise.reject(away('the other process has gone'))
      if (unanswered.size >= unansweredMax) return Promise.reject(away('too many questions to the other process'))
      return new Promise((resolve, reject) => {
        const ask = ++last
        const cancel = scheduler.after(timeoutMs, () => {
          unanswered.delete(ask)
          reject(away(`${name} was not answered in ${timeoutMs} ms`))
        })
        const ended =
          <V>(end: (value: V) => void) =>
          (value: V) => {
            cancel()
            unanswered.delete(ask)
            end(value)
          }
        unanswered.set(ask, { resolve: ended(resolve), reject: ended(reject) })
        post({ ask, name, values })
      })
    }) as unknown as Calls<Theirs>['call'],

    receive(message) {
      const notes = (message as { notes?: Note[] } | null)?.notes
      for (const note of notes ?? []) {
        if ('ask' in note) void answer(note)
        else if ('fault' in note) unanswered.get(note.answer)?.reject(new Error(note.fault))
        else unanswered.get(note.answer)?.resolve(note.value)
      }
    },

    close() {
      isClosed = true
      for (const { reject } of unanswered.values()) reject(away('the other process has gone'))
    },
  }
}
