import type { Notebook } from './faults.ts'

/** A record with the line that it begins in, from 1. */
export type CsvRecord = { line: number; cells: string[] }

/**
 * Records of a CSV text (RFC 4180), separated by what its first line uses most: a comma, a semicolon or a tab. Records
 * without any text are left out. Cells are text, whatever a spreadsheet would make of them. One record more than
 * `recordsMax` ends the reading: lines of two bytes were measured to keep a process busy for 4 µs each, a minute for 32 MB.
 */
export function parseCsv(text: string, notes: Notebook, recordsMax: number): CsvRecord[] {
  const separator = separatorOf(text.slice(0, text.search(/\r?\n|$/)))
  const records: CsvRecord[] = []
  let [line, begins] = [1, 1]
  let [cells, cell]: [string[], string] = [[], '']
  const endRecord = () => {
    cells.push(cell)
    if (cells.some((value) => value.trim() !== '')) records.push({ line: begins, cells })
    ;[cells, cell] = [[], '']
    begins = line + 1
  }
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!
    if (character === '"' && cell.trim() === '') {
      const opened = line
      cell = ''
      for (i++; ; i++) {
        if (i >= text.length) {
          notes.fault('csv-shape', `line ${opened}, column ${cells.length + 1}`, 'a quote is opened and never closed')
          return records
        }
        if (text[i] === '"' && text[i + 1] !== '"') break
        if (text[i] === '"') i++
        if (text[i] === '\n') line++
        cell += text[i]!
      }
    } else if (character === separator) {
      cells.push(cell)
      cell = ''
    } else if (character === '\n') {
      endRecord()
      if (records.length > recordsMax) {
        notes.fault('too-many', `line ${line}`, `there are more than ${recordsMax} lines; the rest was not read`)
        return records
      }
      line++
    } else if (character !== '\r' || text[i + 1] !== '\n') cell += character
  }
  endRecord()
  return records
}

function separatorOf(header: string): string {
  const count = (separator: string) => header.split(separator).length
  return [',', ';', '\t'].reduce((best, separator) => (count(separator) > count(best) ? separator : best))
}
