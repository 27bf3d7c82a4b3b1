import { limitOf, type RefundCalendar, type RefundLadder } from '@fairgate/contracts/refund-ladder'
import { formatMoney, money, type Currency } from '@fairgate/contracts/money'
import { useApp } from '../app.tsx'
import { localeOf, shortTime } from '../i18n/dates.ts'

/** What a buyer who cancels gets back, step by step with its dates. Absent: nobody has said that anything goes back. */
export function RefundTerms({
  ladder,
  calendar,
  currency,
}: {
  ladder: RefundLadder | undefined
  calendar: RefundCalendar
  currency: Currency
}) {
  const { t, lang } = useApp()
  if (!ladder || ladder.steps.length === 0) return <p className="muted">{t.refunds.none}</p>
  const { timeZone } = calendar
  const day = (limit: number): string =>
    new Intl.DateTimeFormat(localeOf(lang), { timeZone, month: 'long', day: 'numeric', weekday: 'short' }).format(
      limit - 1,
    )
  return (
    <>
      <table className="items refund-terms">
        <caption className="hidden-visually">{t.refunds.title}</caption>
        <tbody>
          {ladder.steps.map(({ until, percent, feePerSeat }) => {
            const limit = limitOf(until, calendar)
            const when =
              'daysBefore' in until
                ? t.refunds.untilDay(day(limit))
                : t.refunds.untilTime(shortTime(new Date(limit).toISOString(), timeZone, lang))
            return (
              <tr key={limit}>
                <th scope="row">{when}</th>
                <td className="figures">
                  {t.refunds.percent(percent)}
                  {feePerSeat ? (
                    <small> {t.refunds.lessFee(formatMoney(money(feePerSeat, currency), localeOf(lang)))}</small>
                  ) : null}
                </td>
              </tr>
            )
          })}
        </tbody>
      </table>
      {ladder.grace ? (
        <p className="muted small">
          {t.refunds.grace(ladder.grace.hours, day(limitOf({ daysBefore: ladder.grace.untilDaysBefore }, calendar)))}
        </p>
      ) : null}
    </>
  )
}
