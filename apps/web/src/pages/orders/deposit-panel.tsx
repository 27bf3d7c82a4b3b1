import { useState, type FormEvent } from 'react'
import { bankCodes, bankName } from '@fairgate/contracts/banks'
import type { Order } from '@fairgate/contracts/http/orders'
import { giveRefundAccount, type Deposit } from '@fairgate/contracts/http/payments'
import { formatMoney } from '@fairgate/contracts/money'
import { useApp } from '../../app.tsx'
import { keys, useDeposits, usePaymentSettings, useQueryClient } from '../../api/queries.ts'
import { FormFailure, SelectField, TextField } from '../../forms/fields.tsx'
import { localeOf, shortTime } from '../../i18n/dates.ts'
import { useAttempt } from '../../ui/hooks.ts'
import { Notice, Skeleton } from '../../ui/parts.tsx'

/** Where to pay into for an order and until when; and where the money is to go back to, when that is asked. */
export function DepositPanel({ order }: { order: Order }) {
  const { t } = useApp()
  const deposits = useDeposits()
  const deposit = deposits.data?.items.find(({ orderId }) => orderId === order.id)
  if (!deposit) return order.awaits === 'deposit' ? <Skeleton lines={3} /> : null
  if (order.awaits === 'deposit' && deposit.state === 'awaiting')
    return <WhereToPay deposit={deposit} timeZone={order.event.timeZone} />
  if (deposit.refundAccount === 'needed') return <RefundAccountForm deposit={deposit} />
  if (deposit.refundAccount === 'given') return <Notice>{t.deposit.given}</Notice>
  return null
}

function WhereToPay({ deposit, timeZone }: { deposit: Deposit; timeZone: string }) {
  const { t, lang } = useApp()
  const settings = usePaymentSettings()
  const { account, amount, until } = deposit
  const practice = bankPage(settings.data?.windowUrl ?? null, account.number, lang)
  return (
    <section className="panel order deposit" aria-labelledby="deposit">
      <h2 id="deposit">{t.deposit.title}</h2>
      <p>{t.deposit.lead(shortTime(until, timeZone, lang))}</p>
      <table className="items">
        <caption className="hidden-visually">{t.deposit.title}</caption>
        <tbody>
          <tr>
            <th scope="row">{t.deposit.bank}</th>
            <td>{bankName(account.bank, lang)}</td>
          </tr>
          <tr>
            <th scope="row">{t.deposit.number}</th>
            <td className="figures">
              <b>{account.number}</b>
            </td>
          </tr>
          {account.holder ? (
            <tr>
              <th scope="row">{t.deposit.holder}</th>
              <td>{account.holder}</td>
            </tr>
          ) : null}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">{t.deposit.amount}</th>
            <td className="figures">{formatMoney(amount, localeOf(lang))}</td>
          </tr>
        </tfoot>
      </table>
      <p className="muted small">{t.deposit.note}</p>
      {practice ? (
        <div className="actions">
          <a className="button quiet" href={practice} target="_blank" rel="noreferrer">
            {t.deposit.practice}
          </a>
        </div>
      ) : null}
    </section>
  )
}

/** The sandbox has a page that stands for the bank. */
function bankPage(windowUrl: string | null, number: string, language: string): string | undefined {
  if (!windowUrl) return undefined
  const address = new URL('bank', new URL(windowUrl, location.origin))
  address.searchParams.set('account', number)
  address.searchParams.set('lang', language)
  return address.href
}

function RefundAccountForm({ deposit }: { deposit: Deposit }) {
  const { t, lang, api } = useApp()
  const client = useQueryClient()
  const [account, setAccount] = useState({ bank: '', number: '', holder: '' })
  const [isAsked, setAsked] = useState(false)
  const { failure, attempt, clear } = useAttempt()
  const number = account.number.replaceAll(/[\s-]/g, '')
  const faults = {
    bank: account.bank ? undefined : t.deposit.bankFault,
    number: /^[0-9]{5,20}$/.test(number) ? undefined : t.deposit.numberFault,
    holder: account.holder.trim() ? undefined : t.deposit.holderFault,
  }

  async function send(event: FormEvent): Promise<void> {
    event.preventDefault()
    setAsked(true)
    clear()
    const bank = bankCodes.find((code) => code === account.bank)
    if (!bank || faults.number || faults.holder) return
    const body = { bank, number, holder: account.holder.trim() }
    await attempt(() => api.call(giveRefundAccount, { params: { orderId: deposit.orderId }, body }))
    await client.invalidateQueries({ queryKey: keys.deposits() })
  }

  return (
    <section className="panel deposit" aria-labelledby="refund-account">
      <h2 id="refund-account">{t.deposit.refundTitle}</h2>
      <p>{t.deposit.refundLead}</p>
      <form className="form" noValidate onSubmit={(event) => void send(event)}>
        <FormFailure error={failure} />
        <SelectField
          label={t.deposit.bank}
          value={account.bank}
          fault={isAsked ? faults.bank : undefined}
          onChange={(event) => setAccount({ ...account, bank: event.target.value })}
        >
          <option value="">{t.deposit.choose}</option>
          {bankCodes.map((code) => (
            <option key={code} value={code}>
              {bankName(code, lang)}
            </option>
          ))}
        </SelectField>
        <TextField
          label={t.deposit.number}
          inputMode="numeric"
          autoComplete="off"
          value={account.number}
          fault={isAsked ? faults.number : undefined}
          onChange={(event) => setAccount({ ...account, number: event.target.value })}
        />
        <TextField
          label={t.deposit.holder}
          autoComplete="name"
          value={account.holder}
          fault={isAsked ? faults.holder : undefined}
          onChange={(event) => setAccount({ ...account, holder: event.target.value })}
        />
        <p className="muted small">{t.deposit.refundNote}</p>
        <div className="actions">
          <button type="submit" className="button">
            {t.deposit.send}
          </button>
        </div>
      </form>
    </section>
  )
}
