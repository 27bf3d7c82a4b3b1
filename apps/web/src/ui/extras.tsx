import { formatMoney, type Money } from '@fairgate/contracts/money'
import { useApp } from '../app.tsx'
import { localeOf } from '../i18n/dates.ts'

/** The rows between the seats of an order and its total: the fee, and what a code takes off. */
export function Extras({
  fee,
  discount,
  promoCode,
}: {
  fee: Money | undefined
  discount: Money | undefined
  promoCode: string | undefined
}) {
  const { t, lang } = useApp()
  return (
    <>
      {discount ? (
        <tr className="extra">
          <th scope="row">{t.money.discount(promoCode ?? '')}</th>
          <td className="figures">−{formatMoney(discount, localeOf(lang))}</td>
        </tr>
      ) : null}
      {fee ? (
        <tr className="extra">
          <th scope="row">{t.money.fee}</th>
          <td className="figures">{formatMoney(fee, localeOf(lang))}</td>
        </tr>
      ) : null}
    </>
  )
}
