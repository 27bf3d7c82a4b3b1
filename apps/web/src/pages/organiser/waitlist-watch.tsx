import { useState } from 'react'
import type { Sale } from '@fairgate/contracts/http/catalog'
import { changeWaitlist, offerSecondsMax, offerSecondsMin } from '@fairgate/contracts/http/waitlist'
import { useApp } from '../../app.tsx'
import { errorText } from '../../api/api.ts'
import { useQueryClient } from '../../api/queries.ts'
import { useWaitlistOverview, waitlistKeys } from '../../api/waitlist.ts'
import { TextField } from '../../forms/fields.tsx'
import { wholeFault } from '../../forms/rules.ts'
import { useAttempt } from '../../ui/hooks.ts'
import { Countdown, Failure, Notice, Skeleton, Tag, TableScroll } from '../../ui/parts.tsx'

/** Most offers that are listed one by one. */
const offersShownMax = 8

/** A waitlist on the organiser's screen: who waits for what, and what became of offers. */
export function WaitlistWatch({ sale }: { sale: Sale }) {
  const { t, lang } = useApp()
  const overview = useWaitlistOverview(sale.id, 3000)
  if (overview.isPending) return <Skeleton lines={3} />
  if (overview.isError) return <Failure error={overview.error} retry={() => void overview.refetch()} />
  const { sections, offers, offerSeconds } = overview.data
  const number = (count: number): string => count.toLocaleString(lang)
  const open = offers.filter(({ state }) => state === 'offered').slice(0, offersShownMax)
  const nameOf = (sectionId: string): string => sections.find(({ id }) => id === sectionId)?.name ?? ''
  return (
    <section className="panel stack" aria-label={t.waitlist.title}>
      <h2>{t.waitlist.title}</h2>
      <TableScroll>
        <table className="table ballot-table">
          <thead>
            <tr>
              <th>{t.shop.section}</th>
              <th>{t.waitlist.columns.waiting}</th>
              <th>{t.waitlist.columns.waitingSeats}</th>
              <th>{t.waitlist.columns.kept}</th>
              <th>{t.waitlist.columns.offered}</th>
              <th>{t.waitlist.columns.bought}</th>
              <th>{t.waitlist.columns.over}</th>
            </tr>
          </thead>
          <tbody className="figures">
            {sections.map((section) => (
              <tr key={section.id}>
                <td>{section.name}</td>
                <td>{number(section.waiting)}</td>
                <td>{number(section.waitingSeats)}</td>
                <td>{number(section.kept)}</td>
                <td>{number(section.offered)}</td>
                <td>{number(section.bought)}</td>
                <td>{number(section.declined + section.lapsed)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
      {open.length > 0 ? (
        <ul className="waitlist-offers">
          {open.map(({ id, number: place, sectionId, seats, until }) => (
            <li key={id}>
              <span>
                <b>{nameOf(sectionId)}</b> <span className="figures">{seats.join(', ')}</span>{' '}
                <Tag>{t.waitlist.entryNumber(place)}</Tag>
              </span>
              <Countdown to={until} label={t.ballot.timeLeft} />
            </li>
          ))}
        </ul>
      ) : null}
      <OfferTime saleId={sale.id} seconds={offerSeconds} />
    </section>
  )
}

function OfferTime({ saleId, seconds }: { saleId: string; seconds: number }) {
  const { t, lang, api } = useApp()
  const client = useQueryClient()
  const [minutes, setMinutes] = useState(String(Math.round(seconds / 60)))
  const { busy, failure, attempt } = useAttempt()
  const fault = wholeFault(minutes, t, offerSecondsMin / 60, offerSecondsMax / 60)

  const save = () =>
    attempt(async () => {
      const body = { offerSeconds: Number(minutes) * 60 }
      client.setQueryData(
        waitlistKeys.overview(saleId),
        await api.call(changeWaitlist, { params: { id: saleId }, body }),
      )
    })

  return (
    <form
      className="waitlist-time"
      onSubmit={(submitted) => {
        submitted.preventDefault()
        if (!fault) void save()
      }}
    >
      {failure ? <Notice tone="bad">{errorText(failure, lang, t.common.networkError)}</Notice> : null}
      <TextField
        label={t.waitlist.offerMinutes}
        hint={t.waitlist.offerMinutesHint}
        fault={fault}
        inputMode="numeric"
        value={minutes}
        onChange={({ target }) => setMinutes(target.value)}
      />
      <button
        type="submit"
        className="button quiet small"
        disabled={busy || fault !== undefined || Number(minutes) * 60 === seconds}
      >
        {t.common.save}
      </button>
    </form>
  )
}
