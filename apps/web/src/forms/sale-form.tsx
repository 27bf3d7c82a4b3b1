import { useState, type FormEvent } from 'react'
import type { BallotMoves } from '@fairgate/contracts/allot'
import { createSale, type EventDocument } from '@fairgate/contracts/http/catalog'
import { useApp } from '../app.tsx'
import { faultsOf } from '../api/api.ts'
import { instantOf, localOf } from '../i18n/dates.ts'
import {
  AuctionFields,
  auctionBody,
  auctionDecision,
  auctionDefaults,
  auctionFaultFields,
  auctionFaults,
} from './auction-fields.tsx'
import { Choices, Form, FormFailure, TextField } from './fields.tsx'
import { saleTimeFaults } from './sale-times.ts'
import { faultsFrom, wholeFault, type Faults } from './rules.ts'
import { useAttempt } from '../ui/hooks.ts'

const shownFaults = [
  'opensAt',
  'closesAt',
  'holdSeconds',
  'limitPerAccount',
  'ballot.drawAt',
  'ballot.payBySeconds',
  ...auctionFaultFields,
]
const hourMs = 3600_000

/** Prepares a sale, by queue, ballot or auction, of the sections that no sale has yet. */
export function SaleForm({ event, onCreated }: { event: EventDocument; onCreated: () => void }) {
  const { t, api, serverClock } = useApp()
  const sold = new Set(event.sales.flatMap((sale) => sale.lines.flatMap(({ sectionIds }) => sectionIds)))
  const sections = event.sections.filter(({ id }) => !sold.has(id))
  const isRace = event.kind === 'race'
  const [values, setValues] = useState(() => {
    const nextHourMs = Math.ceil(serverClock.now() / hourMs) * hourMs
    return {
      opensAt: localOf(new Date(nextHourMs + 24 * hourMs).toISOString(), event.timeZone),
      closesAt: localOf(event.startsAt, event.timeZone),
      holdMinutes: '8',
      limit: isRace ? '1' : '4',
      lineName: '',
      shoppersMax: isRace ? '100' : '300',
      admitPerMinute: isRace ? '600' : '1200',
      drawAt: localOf(new Date(nextHourMs + 8 * 24 * hourMs).toISOString(), event.timeZone),
      payByHours: '48',
    }
  })
  const [method, setMethod] = useState<'queue' | 'ballot' | 'auction'>('queue')
  const [auction, setAuction] = useState(() => ({
    ...auctionDefaults,
    // Winners still have to pay before the sale closes with the event.
    endsAt: localOf(new Date(Date.parse(event.startsAt) - 48 * hourMs).toISOString(), event.timeZone),
  }))
  const [moves, setMoves] = useState<BallotMoves>('none')
  const isBallot = method === 'ballot'
  const isAuction = method === 'auction'
  const isQueue = method === 'queue'
  const [lines, setLines] = useState<'one' | 'each'>(isRace ? 'each' : 'one')
  const [order, setOrder] = useState<'draw' | 'arrival'>('draw')
  const [faults, setFaults] = useState<Faults>({})
  const { busy, failure, attempt, clear } = useAttempt()
  const set = (change: Partial<typeof values>): void => setValues({ ...values, ...change })

  async function submit(submitted: FormEvent): Promise<void> {
    submitted.preventDefault()
    const [opensAt, closesAt, drawAt] = [values.opensAt, values.closesAt, values.drawAt].map((local) =>
      instantOf(local, event.timeZone),
    )
    const holdSeconds = Math.round(Number(values.holdMinutes) * 60)
    const typed = faultsFrom({
      opensAt: opensAt ? undefined : t.common.field.date,
      closesAt: closesAt ? undefined : t.common.field.date,
      holdSeconds:
        Number(values.holdMinutes) >= 0.05 && Number(values.holdMinutes) <= 120
          ? undefined
          : t.common.field.between('0.05', '120'),
      limitPerAccount:
        wholeFault(values.limit, t, 1, 100) ??
        (isAuction && Number(values.limit) < sections.length ? t.organiser.limitBelowLots(sections.length) : undefined),
      ...(isBallot
        ? {
            'ballot.drawAt': drawAt ? undefined : t.common.field.date,
            'ballot.payBySeconds':
              Number(values.payByHours) > 0 && Number(values.payByHours) <= 720
                ? undefined
                : t.common.field.between('0.01', '720'),
          }
        : {}),
      ...(isAuction ? auctionFaults(auction, event, t) : {}),
      ...(isQueue
        ? {
            shoppersMax: wholeFault(values.shoppersMax, t, 1, 1_000_000),
            admitPerMinute: wholeFault(values.admitPerMinute, t, 1, 1_000_000),
          }
        : {}),
    })
    const decision = isBallot
      ? {
          field: 'ballot.drawAt' as const,
          at: drawAt,
          longestSeconds: 0,
          payBySeconds: Number(values.payByHours) * 3600,
        }
      : isAuction
        ? auctionDecision(auction, event)
        : undefined
    const times = { opensAt, closesAt, holdSeconds, ...(decision ? { decision } : {}) }
    // What cannot be read is said first: a time is compared only when it is one.
    const found = { ...saleTimeFaults(times, serverClock.now(), t), ...typed }
    setFaults(found)
    clear()
    if (Object.keys(found).length > 0 || !opensAt || !closesAt) return
    const pace = !isQueue
      ? {}
      : { shoppersMax: Number(values.shoppersMax), admitPerMinute: Number(values.admitPerMinute) }
    const courseOf = (section: EventDocument['sections'][number]): { course?: string } => {
      const course = section.attributes['course']
      return isBallot && moves === 'down' && course !== undefined ? { course: String(course) } : {}
    }
    await attempt(
      async () => {
        await api.call(createSale, {
          params: { id: event.id },
          body: {
            method,
            ...(isBallot && drawAt
              ? { ballot: { drawAt, payBySeconds: Math.round(Number(values.payByHours) * 3600), moves } }
              : {}),
            ...(isAuction ? { auction: auctionBody(auction, event) } : {}),
            opensAt,
            closesAt,
            holdSeconds,
            limitPerAccount: Number(values.limit),
            ...(isQueue ? { order } : {}),
            lines:
              lines === 'each' || isAuction
                ? sections.map((section) => ({
                    name: section.name,
                    sectionIds: [section.id],
                    ...pace,
                    ...courseOf(section),
                  }))
                : [{ name: values.lineName.trim() || event.name, sectionIds: sections.map(({ id }) => id), ...pace }],
          },
        })
        onCreated()
      },
      (error) => setFaults(faultsOf(error)),
    )
  }

  return (
    <Form faults={faults} aria-label={t.organiser.saleTitle} onSubmit={(submitted) => void submit(submitted)}>
      <FormFailure error={failure} shown={shownFaults} />
      <Choices
        legend={t.ballot.method}
        name="method"
        value={method}
        onChange={setMethod}
        choices={[
          { value: 'queue', label: t.ballot.methodQueue, note: t.ballot.methodQueueNote },
          { value: 'ballot', label: t.ballot.methodBallot, note: t.ballot.methodBallotNote },
          { value: 'auction', label: t.auction.method, note: t.auction.methodNote },
        ]}
      />
      <div className="form-grid">
        <TextField
          label={t.organiser.opensAt}
          type="datetime-local"
          name="opensAt"
          hint={t.organiser.inZone(event.timeZone)}
          value={values.opensAt}
          fault={faults['opensAt']}
          onChange={(change) => set({ opensAt: change.target.value })}
        />
        {isBallot ? (
          <TextField
            label={t.ballot.drawAt}
            type="datetime-local"
            name="drawAt"
            hint={t.organiser.inZone(event.timeZone)}
            value={values.drawAt}
            fault={faults['ballot.drawAt']}
            onChange={(change) => set({ drawAt: change.target.value })}
          />
        ) : null}
        <TextField
          label={isBallot ? t.ballot.closesAt : isAuction ? t.auction.closesAt : t.organiser.closesAt}
          type="datetime-local"
          name="closesAt"
          hint={t.organiser.inZone(event.timeZone)}
          value={values.closesAt}
          fault={faults['closesAt']}
          onChange={(change) => set({ closesAt: change.target.value })}
        />
        {isBallot ? (
          <TextField
            label={t.ballot.payByHours}
            inputMode="decimal"
            name="payByHours"
            value={values.payByHours}
            fault={faults['ballot.payBySeconds']}
            onChange={(change) => set({ payByHours: change.target.value })}
          />
        ) : null}
        <TextField
          label={t.organiser.holdMinutes}
          inputMode="decimal"
          name="holdMinutes"
          value={values.holdMinutes}
          fault={faults['holdSeconds']}
          onChange={(change) => set({ holdMinutes: change.target.value })}
        />
        <TextField
          label={t.organiser.limit}
          inputMode="numeric"
          name="limit"
          value={values.limit}
          fault={faults['limitPerAccount']}
          onChange={(change) => set({ limit: change.target.value })}
        />
      </div>
      {isAuction ? (
        <AuctionFields
          event={event}
          values={auction}
          faults={faults}
          onChange={(change) => setAuction({ ...auction, ...change })}
        />
      ) : null}
      {!isQueue ? null : (
        <>
          <Choices
            legend={t.organiser.order}
            name="order"
            value={order}
            onChange={setOrder}
            choices={[
              { value: 'draw', label: t.organiser.orderDraw },
              { value: 'arrival', label: t.organiser.orderArrival },
            ]}
          />
          <p className="muted small">{order === 'draw' ? t.organiser.orderDrawNote : t.organiser.orderArrivalNote}</p>
        </>
      )}
      {isAuction ? null : (
        <Choices
          legend={t.organiser.lines}
          name="lines"
          value={lines}
          onChange={setLines}
          choices={[
            { value: 'one', label: t.organiser.lineOne },
            { value: 'each', label: t.organiser.lineEach, note: t.organiser.lineCount(sections.length) },
          ]}
        />
      )}
      <div className="form-grid">
        {lines === 'one' && !isAuction ? (
          <TextField
            label={`${t.organiser.lineName} (${t.common.optional})`}
            name="lineName"
            maxLength={120}
            placeholder={event.name}
            value={values.lineName}
            onChange={(change) => set({ lineName: change.target.value })}
          />
        ) : null}
        {!isQueue ? null : (
          <>
            <TextField
              label={t.organiser.shoppersMax}
              inputMode="numeric"
              name="shoppersMax"
              value={values.shoppersMax}
              fault={faults['shoppersMax']}
              onChange={(change) => set({ shoppersMax: change.target.value })}
            />
            <TextField
              label={t.organiser.admitPerMinute}
              inputMode="numeric"
              name="admitPerMinute"
              value={values.admitPerMinute}
              fault={faults['admitPerMinute']}
              onChange={(change) => set({ admitPerMinute: change.target.value })}
            />
          </>
        )}
      </div>
      {isBallot && lines === 'each' ? (
        <Choices
          legend={t.ballot.moves}
          name="moves"
          value={moves}
          onChange={setMoves}
          choices={[
            { value: 'none', label: t.ballot.movesNone },
            { value: 'down', label: t.ballot.movesDown, note: t.ballot.movesDownNote, disabled: !isRace },
          ]}
        />
      ) : null}
      <div className="actions">
        <button type="submit" className="button" disabled={busy || sections.length === 0}>
          {t.organiser.createSale}
        </button>
      </div>
    </Form>
  )
}
