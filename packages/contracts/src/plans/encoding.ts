import type { Notebook } from './faults.ts'
import { planLimits } from './plan.ts'

/** The text of a file, which must be UTF-8. What else it seems to be is said, since "wrong encoding" alone helps nobody. */
export function decodeFile(bytes: Uint8Array, notes: Notebook): string | undefined {
  if (bytes.length === 0) {
    notes.fault('empty-file', '#', 'the file is empty')
    return undefined
  }
  if (bytes.length > planLimits.fileBytes) {
    notes.fault('too-large', '#', `the file has ${bytes.length} bytes, at most ${planLimits.fileBytes} are allowed`)
    return undefined
  }
  const archive = archives.find(({ magic }) => magic.every((byte, index) => bytes[index] === byte))
  if (archive) {
    notes.fault('compressed', '#', `is ${archive.name}; send the plan itself`)
    return undefined
  }
  const wrong = otherEncoding(bytes)
  if (wrong) {
    notes.fault('encoding', '#', `is ${wrong}, not UTF-8; save it as UTF-8`)
    return undefined
  }
  const text = new TextDecoder('utf-8').decode(bytes)
  if (text.trim() !== '') return text
  notes.fault('empty-file', '#', 'the file has only blanks')
  return undefined
}

const archives = [
  { magic: [0x50, 0x4b, 0x03, 0x04], name: 'a ZIP archive (perhaps a spreadsheet: export it as CSV)' },
  { magic: [0x1f, 0x8b], name: 'a gzip archive' },
  { magic: [0x25, 0x50, 0x44, 0x46], name: 'a PDF' },
  { magic: [0x89, 0x50, 0x4e, 0x47], name: 'a PNG picture' },
  { magic: [0xd0, 0xcf, 0x11, 0xe0], name: 'an old spreadsheet (export it as CSV)' },
]

/** What a file is encoded in when it is not UTF-8. */
function otherEncoding(bytes: Uint8Array): string | undefined {
  const [a, b, c, d] = bytes
  if ((a === 0xff && b === 0xfe && c === 0 && d === 0) || (a === 0 && b === 0 && c === 0xfe && d === 0xff))
    return 'UTF-32'
  if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff)) return 'UTF-16'
  if (zerosAt(bytes, 0) || zerosAt(bytes, 1)) return 'UTF-16 without its mark'
  if (decodes(bytes, 'utf-8')) return undefined
  // EUC-KR proper or its extension CP949, which spreadsheets on Korean Windows write.
  return decodes(bytes, 'euc-kr') ? 'EUC-KR (CP949)' : 'in no encoding that we know'
}

/** Whether most even, or most odd, of the first bytes are zero: Latin text in two bytes a character. */
function zerosAt(bytes: Uint8Array, offset: 0 | 1): boolean {
  const looked = bytes.subarray(0, 64)
  return (
    looked.length >= 4 && looked.filter((byte, index) => index % 2 === offset && byte === 0).length > looked.length / 4
  )
}

function decodes(bytes: Uint8Array, encoding: string): boolean {
  try {
    new TextDecoder(encoding, { fatal: true }).decode(bytes)
    return true
  } catch {
    // The decoder's only way to say no.
    return false
  }
}
