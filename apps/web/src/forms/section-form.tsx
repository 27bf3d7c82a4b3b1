import { useMemo, useState, type FormEvent } from 'react'
import type { Body } from '@fairgate/contracts/http/route'
import { addSection, type EventDocument } from '@fairgate/contracts/http/catalog'
import { useApp } from '../app.tsx'
import { faultsOf } from '../api/api.ts'
import type { Messages } from '../i18n/en.ts'
import { boundsOf } from '../seat-map/seats.ts'
import { Notice } from '../ui/parts.tsx'
import { AreaField, Choices, Form, FormFailure, TextField } from './fields.tsx'
import { gridSections, parsePrice } from './grid.ts'
import { faultsShownMax, generatePlan, parsePlan, type ParsedPlan, type PlanFault, type SeatInput } from './plan.ts'
import { amountFault, faultsFrom, filled, wholeFault, type Faults } from './rules.ts'

type SectionBody = Body<typeof addSection>
type How = 'open' | 'plan' | 'file' | 'grid'

const shownFaults = ['name', 'price', 'price.amount', 'capacity', 'attributes']
const seatsMax = 100_000

/** Adds sections to an event: places that are alike, seats drawn here or read from a file, or a race's whole grid. */
export function SectionForm({ event, onAdded }: { event: EventDocument; onAdded: () => void }) {
  const { t, api } = useApp()
  const [how, setHow] = useState<How>(event.kind === 'race' ? 'grid' : 'plan')
  const [values, setValues] = useState({
    name: '',
    price: '',
    capacity: '',
    course: '',
    pace: '',
    rows: '12',
    seatsPerRow: '20',
    aisleAfter: '10',
    courses: '',
    paces: '',
  })
  const [curved, setCurved] = useState(true)
  const [file, setFile] = useState<ParsedPlan>()
  const [faults, setFaults] = useState<Faults>({})
  const [failure, setFailure] = useState<unknown>()
  const [added, setAdded] = useState('')
  const [progress, setProgress] = useState<{ done: number; all: number }>()
  const set = (change: Partial<typeof values>): void => setValues({ ...values, ...change })

  const planned = useMemo(() => {
    const [rows, seatsPerRow] = [Number(values.rows), Number(values.seatsPerRow)]
    if (!(rows >= 1) || !(seatsPerRow >= 1) || rows * seatsPerRow > seatsMax) return []
    return generatePlan({ rows, seatsPerRow, aisleAfter: Number(values.aisleAfter) || undefined, curved })
  }, [values.rows, values.seatsPerRow, values.aisleAfter, curved])
  const grid = useMemo(
    () => gridSections(values.courses, values.paces, event.currency),
    [values.courses, values.paces, event.currency],
  )

  const lineFault = (line: number | undefined): string | undefined =>
    line === undefined ? undefined : t.organiser.lineFault(line)

  /** What is to be sent, or the faults that stand in its way. */
  function bodies(): { bodies: SectionBody[] } | { faults: Faults } {
    if (how === 'grid') {
      const found = faultsFrom({ courses: lineFault(grid.courseFault), paces: lineFault(grid.paceFault) })
      return Object.keys(found).length > 0
        ? { faults: found }
        : {
            bodies: grid.sections.map(({ name, course, pace, amount, capacity }) => ({
              name,
              admission: 'open',
              price: amount,
              capacity,
              attributes: { course, pace },
            })),
          }
    }
    const price = parsePrice(values.price, event.currency)
    const found = faultsFrom({
      name: filled(values.name, t),
      price: price === undefined ? (filled(values.price, t) ?? amountFault(event.currency, t)) : undefined,
      capacity: how === 'open' ? wholeFault(values.capacity, t, 1, 200_000) : undefined,
      rows:
        how === 'plan'
          ? (wholeFault(values.rows, t, 1, 500) ??
            (Number(values.rows) * Number(values.seatsPerRow) > seatsMax
              ? t.organiser.seatsTooMany(seatsMax)
              : undefined))
          : undefined,
      seatsPerRow: how === 'plan' ? wholeFault(values.seatsPerRow, t, 1, 500) : undefined,
      aisleAfter:
        how === 'plan' && values.aisleAfter.trim() !== '' ? wholeFault(values.aisleAfter, t, 1, 500) : undefined,
      file:
        how !== 'file'
          ? undefined
          : !file
            ? t.common.field.required
            : file.faults.length > 0
              ? t.organiser.fileFaults
              : undefined,
    })
    if (Object.keys(found).length > 0 || price === undefined) return { faults: found }
    const attributes = {
      ...(values.course.trim() ? { course: values.course.trim() } : {}),
      ...(values.pace.trim() ? { pace: values.pace.trim() } : {}),
    }
    const shared = { name: values.name.trim(), price, attributes }
    if (how === 'open') return { bodies: [{ ...shared, admission: 'open', capacity: Number(values.capacity) }] }
    return { bodies: [{ ...shared, admission: 'reserved', seats: how === 'plan' ? planned : (file?.seats ?? []) }] }
  }

  async function submit(submitted: FormEvent): Promise<void> {
    submitted.preventDefault()
    const ready = bodies()
    setFailure(undefined)
    setAdded('')
    setFaults('faults' in ready ? ready.faults : {})
    if ('faults' in ready) return
    try {
      for (const [done, body] of ready.bodies.entries()) {
        setProgress({ done, all: ready.bodies.length })
        await api.call(addSection, { params: { id: event.id }, body })
      }
      setAdded(t.organiser.sectionAdded(ready.bodies.length, ready.bodies[0]?.name ?? ''))
      set({ name: '', price: '', capacity: '', course: '', pace: '', courses: '', paces: '' })
      setFile(undefined)
    } catch (error) {
      setFailure(error)
      setFaults(faultsOf(error))
    }
    setProgress(undefined)
    onAdded()
  }

  const choices: { value: How; label: string }[] = [
    { value: 'open', label: t.organiser.howOpen },
    { value: 'plan', label: t.organiser.howPlan },
    { value: 'file', label: t.organiser.howFile },
    { value: 'grid', label: t.organiser.howGrid },
  ]
  const text = (
    name: keyof typeof values,
    label: string,
    more: { hint?: string; inputMode?: 'numeric' | 'decimal' } = {},
  ) => (
    <TextField
      label={label}
      name={name}
      value={values[name]}
      fault={faults[name] ?? (name === 'price' ? faults['price.amount'] : undefined)}
      {...more}
      onChange={(change) => set({ [name]: change.target.value })}
    />
  )

  return (
    <Form faults={faults} aria-label={t.organiser.addSection} onSubmit={(submitted) => void submit(submitted)}>
      <FormFailure error={failure} shown={shownFaults} />
      <Choices
        legend={t.organiser.how}
        name="how"
        value={how}
        onChange={setHow}
        choices={event.kind === 'race' ? choices.toReversed() : choices}
      />
      {how === 'grid' ? (
        <>
          <div className="form-grid">
            <AreaField
              label={t.organiser.courses}
              name="courses"
              hint={`${t.organiser.coursesHint} (${event.currency})`}
              placeholder={'5K, 35000\n10K, 45000'}
              value={values.courses}
              fault={faults['courses']}
              onChange={(change) => set({ courses: change.target.value })}
            />
            <AreaField
              label={t.organiser.paces}
              name="paces"
              hint={t.organiser.pacesHint}
              placeholder={'4:00-4:59, 200\n5:00-5:59, 300'}
              value={values.paces}
              fault={faults['paces']}
              onChange={(change) => set({ paces: change.target.value })}
            />
          </div>
          <p className="muted figures" role="status">
            {t.organiser.gridCount(
              grid.sections.length,
              grid.sections.reduce((sum, { capacity }) => sum + capacity, 0),
            )}
          </p>
        </>
      ) : (
        <div className="form-grid">
          {text('name', t.organiser.sectionName)}
          {text('price', t.organiser.price, { hint: t.organiser.priceHint(event.currency), inputMode: 'decimal' })}
          {how === 'open' ? text('capacity', t.organiser.capacity, { inputMode: 'numeric' }) : null}
          {how === 'open' && event.kind === 'race' ? (
            <>
              {text('course', `${t.organiser.course} (${t.common.optional})`)}
              {text('pace', `${t.organiser.pace} (${t.common.optional})`)}
            </>
          ) : null}
        </div>
      )}
      {how === 'plan' ? (
        <>
          <div className="form-grid">
            {text('rows', t.organiser.rows, { inputMode: 'numeric' })}
            {text('seatsPerRow', t.organiser.seatsPerRow, { inputMode: 'numeric' })}
            {text('aisleAfter', t.organiser.aisleAfter, { inputMode: 'numeric', hint: t.organiser.aisleHint })}
          </div>
          <label className="check">
            <input type="checkbox" checked={curved} onChange={(change) => setCurved(change.target.checked)} />
            {t.organiser.curve}
          </label>
          <PlanPreview seats={planned} />
        </>
      ) : null}
      {how === 'file' ? (
        <>
          <TextField
            label={t.organiser.file}
            type="file"
            name="file"
            accept=".csv,.json,text/csv,application/json"
            hint={t.organiser.fileHint}
            fault={faults['file']}
            onChange={(change) => void change.target.files?.[0]?.text().then((content) => setFile(parsePlan(content)))}
          />
          {file && file.faults.length > 0 ? (
            <Notice tone="bad" title={t.organiser.fileFaults}>
              <ul className="bullets figures">
                {file.faults.slice(0, faultsShownMax).map((fault) => (
                  <li key={`${fault.at}-${fault.kind}`}>{planFaultText(fault, t)}</li>
                ))}
              </ul>
              {file.faults.length > faultsShownMax ? (
                <p>{t.organiser.moreFaults(file.faults.length - faultsShownMax)}</p>
              ) : null}
            </Notice>
          ) : file ? (
            <>
              <Notice tone="good">{t.organiser.fileRead(file.seats.length)}</Notice>
              <PlanPreview seats={file.seats} />
            </>
          ) : null}
        </>
      ) : null}
      {added ? <Notice tone="good">{added}</Notice> : null}
      <div className="actions">
        <button type="submit" className="button" disabled={progress !== undefined}>
          {progress
            ? t.organiser.addingSection(progress.done, progress.all)
            : how === 'grid' && grid.sections.length > 0
              ? t.organiser.addSections(grid.sections.length)
              : t.organiser.addSection}
        </button>
      </div>
    </Form>
  )
}

function planFaultText(fault: PlanFault, t: Messages): string {
  const words = t.organiser.planFault
  switch (fault.kind) {
    case 'missing':
      return words.missing(fault.at, fault.fields)
    case 'twice':
      return words.twice(fault.at, fault.label, fault.first)
    case 'unreadable':
      return words.unreadable(fault.detail)
    case 'empty':
      return words.empty
  }
}

/** Beyond this a drawing of single seats is only slow. */
const previewSeatsMax = 6000

function PlanPreview({ seats }: { seats: readonly SeatInput[] }) {
  const { t } = useApp()
  if (seats.length === 0) return null
  const { left, top, right, bottom, pitch, front } = boundsOf(seats)
  const side = pitch * 0.76
  const margin = pitch * 2.9
  const path = seats
    .slice(0, previewSeatsMax)
    .map(
      ({ x, y }) =>
        `M${(x - side / 2).toFixed(2)} ${(y - side / 2).toFixed(2)}h${side.toFixed(2)}v${side.toFixed(2)}h-${side.toFixed(2)}z`,
    )
    .join('')
  return (
    <figure>
      <figcaption className="small muted">{t.organiser.previewOf(seats.length)}</figcaption>
      <div className="preview">
        <svg
          viewBox={`${left - margin} ${top - margin} ${right - left + margin * 2} ${bottom - top + margin * 2}`}
          role="img"
          aria-label={t.organiser.previewOf(seats.length)}
        >
          <rect
            className="preview-stage"
            x={(left + right) / 2 - (right - left) * 0.18 - pitch}
            y={front - pitch * 2.6}
            width={(right - left) * 0.36 + pitch * 2}
            height={pitch * 1.1}
            rx={pitch * 0.4}
          />
          <path d={path} />
        </svg>
      </div>
    </figure>
  )
}
