import { useMemo, useState, type ReactNode } from 'react'
import type { EventDocument } from '@fairgate/contracts/http/catalog'
import { addPlan, removePlan } from '@fairgate/contracts/http/plans'
import { formatMoney, money } from '@fairgate/contracts/money'
import { planCounts, planLimits, sectionPrice, type PlanFault, type PlanWarning } from '@fairgate/contracts/plans/plan'
import { readPlan } from '@fairgate/contracts/plans/read'
import { useApp } from '../app.tsx'
import { localeOf } from '../i18n/dates.ts'
import { useAttempt } from '../ui/hooks.ts'
import { Confirm, Notice } from '../ui/parts.tsx'
import { FormFailure, TextField } from './fields.tsx'
import { parsePrice } from './grid.ts'
import { PlanDrawing } from './plan-drawing.tsx'
import './plan-upload.css'
import { planTexts } from './plan-texts.ts'

type File = { name: string; bytes: Uint8Array<ArrayBuffer> }

/** More than these help nobody at once. */
const notesShownMax = 20

/** All sections of an event from one seating-plan file: read here, shown with everything wrong in it, added at a word. */
export function PlanUpload({ event, onChanged }: { event: EventDocument; onChanged: () => void }) {
  const { api, lang } = useApp()
  const texts = planTexts[lang]
  const [file, setFile] = useState<File>()
  const [priceTexts, setPriceTexts] = useState<Record<string, string>>({})
  const { busy: isBusy, failure, attempt, clear } = useAttempt()
  const { currency } = event

  const unpriced = useMemo(() => (file ? readPlan(file.bytes, { currency }).unpriced : []), [file, currency])
  const prices = useMemo(() => {
    const given = unpriced.map((name) => [name, parsePrice(priceTexts[name] ?? '', currency)] as const)
    return Object.fromEntries(given.filter((entry): entry is [string, number] => entry[1] !== undefined))
  }, [unpriced, priceTexts, currency])
  const read = useMemo(() => (file ? readPlan(file.bytes, { currency, prices }) : undefined), [file, currency, prices])

  async function open(chosen: globalThis.File | undefined): Promise<void> {
    if (!chosen) return
    clear()
    setPriceTexts({})
    // One byte over the limit is enough to be told that it is too large.
    const bytes = new Uint8Array(await chosen.slice(0, planLimits.fileBytes + 1).arrayBuffer())
    setFile({ name: chosen.name, bytes })
  }

  const change = (work: () => Promise<unknown>) =>
    attempt(async () => {
      await work()
      setFile(undefined)
      onChanged()
    })

  if (event.planUrl) {
    const remove = () => change(() => api.call(removePlan, { params: { id: event.id } }))
    return (
      <>
        <FormFailure error={failure} />
        <RemovePlan sections={event.sections.length} isBusy={isBusy} onRemove={() => void remove()} />
      </>
    )
  }

  const plan = read?.plan
  const awaitsPrices = unpriced.some((name) => prices[name] === undefined)
  // A price that is still to be typed is asked for below; it is no fault of the file.
  const faults = read?.faults.filter(({ code }) => !(code === 'no-price' && awaitsPrices)) ?? []
  const faultsTotal = (read?.faultsTotal ?? 0) - ((read?.faults.length ?? 0) - faults.length)
  const counts = plan ? planCounts(plan) : undefined
  const summary = plan && counts ? texts.preview(plan.sections.length, counts.seats, counts.capacity) : ''
  return (
    <div className="form">
      <p className="muted">{texts.lead}</p>
      <TextField
        label={file ? texts.again : texts.choose}
        hint={texts.drop}
        type="file"
        name="plan"
        accept=".json,.csv,.tsv,.txt,application/json,text/csv"
        onChange={(chosen) => void open(chosen.target.files?.[0])}
      />
      <FormFailure error={failure} />
      {faults.length > 0 ? (
        <Notice tone="bad" title={texts.faults(faultsTotal)}>
          <Notes notes={faults} total={faultsTotal} />
        </Notice>
      ) : null}
      {file && unpriced.length > 0 ? (
        <fieldset>
          <legend>{texts.prices(currency)}</legend>
          <div className="form-grid">
            {unpriced.map((name) => (
              <TextField
                key={name}
                label={name}
                name={`price-${name}`}
                inputMode="decimal"
                value={priceTexts[name] ?? ''}
                onChange={(typed) => setPriceTexts({ ...priceTexts, [name]: typed.target.value })}
              />
            ))}
          </div>
        </fieldset>
      ) : null}
      {read && read.warningsTotal > 0 ? (
        <Notice title={texts.warnings(read.warningsTotal)}>
          <Notes notes={read.warnings} total={read.warningsTotal} />
        </Notice>
      ) : null}
      {file && plan ? (
        <>
          <p role="status">
            <b>{summary}</b>
          </p>
          <PlanDrawing plan={plan} label={summary} />
          <div className="plan-sections">
            <ul className="section-list" aria-label={texts.section}>
              {plan.sections.map((section) => (
                <li key={section.name}>
                  <div>
                    <b>{section.name}</b>
                    <small>
                      {section.category ? `${section.category} · ` : ''}
                      {texts.places} {(section.capacity ?? section.seats?.length ?? 0).toLocaleString(localeOf(lang))}
                    </small>
                  </div>
                  <span className="price figures">
                    {formatMoney(money(sectionPrice(plan, section) ?? 0, currency), localeOf(lang))}
                  </span>
                </li>
              ))}
            </ul>
          </div>
          <div className="actions">
            <button
              type="button"
              className="button"
              disabled={isBusy}
              onClick={() =>
                void change(() =>
                  api.call(addPlan, {
                    params: { id: event.id },
                    query: Object.keys(prices).length > 0 ? { prices: JSON.stringify(prices) } : {},
                    body: file.bytes,
                  }),
                )
              }
            >
              {isBusy ? texts.importing : texts.confirm(plan.sections.length)}
            </button>
          </div>
        </>
      ) : null}
    </div>
  )
}

/** Each note with its place. */
function Notes({ notes, total }: { notes: readonly (PlanFault | PlanWarning)[]; total: number }): ReactNode {
  const { lang } = useApp()
  const texts = planTexts[lang]
  const shown = notes.slice(0, notesShownMax)
  return (
    <>
      <ul className="bullets figures plan-notes">
        {shown.map((note, index) => (
          <li key={`${note.where}-${index}`}>
            <b>{texts.where(note.where)}</b>: {texts.note(note)}
          </li>
        ))}
      </ul>
      {total > shown.length ? <p>{texts.more(total - shown.length)}</p> : null}
    </>
  )
}

function RemovePlan({ sections, isBusy, onRemove }: { sections: number; isBusy: boolean; onRemove: () => void }) {
  const texts = planTexts[useApp().lang]
  const [asks, setAsks] = useState(false)
  return (
    <>
      <p className="muted">{texts.has(sections)}</p>
      {asks ? (
        <Confirm
          question={texts.removeQuestion}
          yes={texts.removeYes}
          no={texts.keep}
          busy={isBusy}
          onYes={onRemove}
          onNo={() => setAsks(false)}
        />
      ) : (
        <p className="actions">
          <button type="button" className="button quiet small" onClick={() => setAsks(true)}>
            {texts.remove}
          </button>
        </p>
      )}
    </>
  )
}
