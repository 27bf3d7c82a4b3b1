import { useState } from 'react'
import { Link } from 'wouter'
import type { EventDocument } from '@fairgate/contracts/http/catalog'
import { formatMoney } from '@fairgate/contracts/money'
import { useAccount, useApp } from '../../app.tsx'
import type { GoodCode } from '../../api/keep.ts'
import { useEvent, useMyHolds } from '../../api/queries.ts'
import { Choices } from '../../forms/fields.tsx'
import { localeOf, shortTime } from '../../i18n/dates.ts'
import { pb } from '../../path-builder.ts'
import { CountPicker } from '../../seat-map/count-picker.tsx'
import { CodeField } from '../../ui/code-field.tsx'
import { useServerNow, useTitle } from '../../ui/hooks.ts'
import { Icon } from '../../ui/icons.tsx'
import { Failure, Notice, PageHead, Skeleton } from '../../ui/parts.tsx'
import { HeldPanel } from './held-panel.tsx'
import { useHold } from './use-hold.ts'

/** A code before anything is chosen: what it takes off, and the seats that it opens, which need no line. */
export function CodePage({ eventId }: { eventId: string }) {
  const { t, keep } = useApp()
  const account = useAccount()
  const event = useEvent(eventId)
  const holds = useMyHolds(true)
  const now = useServerNow()
  const [good, setGood] = useState<GoodCode | undefined>(() =>
    account ? keep.code.get(eventId, account.id)?.good : undefined,
  )
  useTitle(t.money.codeTitle)
  for (const query of [event, holds]) {
    if (query.isError)
      return (
        <div className="page narrow">
          <Failure isPage error={query.error} retry={() => void query.refetch()} />
        </div>
      )
  }
  if (!event.data || holds.isPending)
    return (
      <div className="page narrow">
        <Skeleton lines={4} />
      </div>
    )

  function change(code: GoodCode | undefined): void {
    if (account && code) keep.code.set(eventId, { accountId: account.id, good: code })
    else keep.code.drop(eventId)
    setGood(code)
  }

  const opened = good?.allotments.filter(({ until }) => Date.parse(until) > now) ?? []
  const held = holds.data?.items.find(
    ({ hold }) => opened.some(({ sectionId }) => sectionId === hold.sectionId) && Date.parse(hold.expiresAt) > now,
  )
  if (held)
    return (
      <div className="page shop">
        <p className="eyebrow">{event.data.name}</p>
        <HeldPanel
          lineId={held.hold.id}
          hold={held.hold}
          holdToken={held.holdToken}
          section={event.data.sections.find(({ id }) => id === held.hold.sectionId)}
          onGone={() => undefined}
        />
      </div>
    )
  return (
    <div className="page narrow">
      <p className="eyebrow">
        <Link href={pb.event(eventId)}>{event.data.name}</Link>
      </p>
      <PageHead title={t.money.codeTitle} lead={t.money.codeLead} />
      <div className="stack">
        <section className="panel" aria-label={t.money.code}>
          <CodeField isOnly eventId={eventId} good={good} disabled={false} onChange={change} />
        </section>
        {good ? <Given event={event.data} good={good} hasSeats={opened.length > 0} /> : null}
        {opened.length > 0 ? <Opened event={event.data} opened={opened} /> : null}
      </div>
    </div>
  )
}

/** What a code takes off, and where. */
function Given({ event, good, hasSeats }: { event: EventDocument; good: GoodCode; hasSeats: boolean }) {
  const { t, lang } = useApp()
  const off = good.amount ? formatMoney(good.amount, localeOf(lang)) : good.percent ? `${good.percent}%` : undefined
  const names = event.sections.filter(({ id }) => good.sectionIds?.includes(id)).map(({ name }) => name)
  if (off === undefined && hasSeats) return null
  return (
    <section className="panel stack" aria-label={t.money.codeTitle}>
      {off === undefined ? (
        <p>{t.money.codeReleased}</p>
      ) : (
        <>
          <h2>{t.money.codeTakes(off)}</h2>
          {names.length > 0 ? <p>{t.money.codeFor(names.join(', '))}</p> : null}
          <p className="muted">{t.money.codeLater}</p>
        </>
      )}
      {hasSeats ? null : (
        <p className="actions">
          <Link href={pb.event(event.id)} className="button">
            {t.waitlist.toEvent}
            <Icon name="arrow" />
          </Link>
        </p>
      )}
    </section>
  )
}

/** Seats that nobody without the code can have: which section, how many, and they are kept. */
function Opened({ event, opened }: { event: EventDocument; opened: GoodCode['allotments'] }) {
  const { t, lang } = useApp()
  const { busy, refusal, hold } = useHold()
  const [chosen, setChosen] = useState(opened[0]!.sectionId)
  const allotment = opened.find(({ sectionId }) => sectionId === chosen) ?? opened[0]!
  const sectionOf = (id: string) => event.sections.find((section) => section.id === id)
  const section = sectionOf(allotment.sectionId)
  const sale = event.sales.find(({ lines }) => lines.some(({ sectionIds }) => sectionIds.includes(allotment.sectionId)))
  if (!section || !sale) return null
  const isReserved = section.admission === 'reserved'

  // Side by side if there is such a run, else as they come: the next screen names them, and takes them back.
  function holdBest(count: number): void {
    const { allotmentCode, sectionId } = allotment
    const wish = { allotmentCode, sectionId, count }
    void hold(isReserved && count > 1 ? [{ ...wish, together: true }, wish] : [wish])
  }

  return (
    <>
      <Notice tone="good" title={t.money.codeOpens}>
        <p>{t.money.codeUntil(shortTime(allotment.until, event.timeZone, lang))}</p>
      </Notice>
      {refusal ? <Notice tone="warn">{refusal.text}</Notice> : null}
      {opened.length > 1 ? (
        <Choices
          legend={t.shop.section}
          name="section"
          value={allotment.sectionId}
          onChange={setChosen}
          choices={opened.map(({ sectionId }) => ({
            value: sectionId,
            label: sectionOf(sectionId)?.name ?? sectionId,
          }))}
        />
      ) : null}
      <CountPicker
        key={section.id}
        section={section}
        free={undefined}
        limit={sale.limitPerAccount}
        busy={busy}
        note={isReserved ? t.money.codeBest : undefined}
        onHold={holdBest}
      />
    </>
  )
}
