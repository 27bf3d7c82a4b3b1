import { closeSync, ftruncateSync, fstatSync, openSync, readSync, writeSync } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'

/** Where the books are kept: an append-only list of lines, read once at the start. */
export type Journal = {
  read(): Iterable<string>
  append(line: string): void
}

const chunkBytes = 65_536

/**
 * A journal in one file, a line a change. An append is in the kernel's hands when it returns, so `kill -9` loses
 * nothing that was answered (a power cut may). A last line without its newline was torn by such a kill before any
 * answer left; it is cut off, lest the next line be glued to it.
 */
export function fileJournal(path: string): Journal & { close(): void } {
  const file = openSync(path, 'a+', 0o600)
  ftruncateSync(file, wholeLinesBytes(file))

  return {
    *read() {
      const decoder = new StringDecoder('utf8')
      const chunk = Buffer.alloc(chunkBytes)
      let position = 0
      let rest = ''
      for (;;) {
        const bytes = readSync(file, chunk, 0, chunkBytes, position)
        if (bytes === 0) return
        position += bytes
        const lines = (rest + decoder.write(chunk.subarray(0, bytes))).split('\n')
        rest = lines.pop() ?? ''
        yield* lines
      }
    },
    append(line) {
      const bytes = Buffer.from(`${line}\n`)
      for (let written = 0; written < bytes.length;) written += writeSync(file, bytes, written)
    },
    close() {
      closeSync(file)
    },
  }
}

function wholeLinesBytes(file: number): number {
  const chunk = Buffer.alloc(chunkBytes)
  for (let end = fstatSync(file).size; end > 0;) {
    const start = Math.max(0, end - chunkBytes)
    const bytes = readSync(file, chunk, 0, end - start, start)
    const newline = chunk.subarray(0, bytes).lastIndexOf(0x0a)
    if (newline >= 0) return start + newline + 1
    end = start
  }
  return 0
}
