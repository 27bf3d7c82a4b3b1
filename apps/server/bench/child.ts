import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export type Child = {
  /** The next message of the process; an error when it ends instead. */
  told<T>(): Promise<T>
  /** Sends a question. @returns the answer */
  ask<T>(question: string): Promise<T>
  /** Lets go of the process, which ends with that. */
  stop(): void
}

/** Starts a file of this folder as a process of its own. */
export function startChild(file: string, args: readonly string[]): Child {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), args, { serialization: 'advanced' })
  const ended = Promise.withResolvers<never>()
  ended.promise.catch(() => undefined)
  child.once('exit', (code) => ended.reject(new Error(`${file} ended with ${code}`)))
  const told = <T>() =>
    Promise.race([new Promise<T>((done) => child.once('message', (message) => done(message as T))), ended.promise])
  return {
    told,
    ask(question) {
      const answer = told<never>()
      child.send(question)
      return answer
    },
    stop() {
      if (child.connected) child.disconnect()
    },
  }
}
