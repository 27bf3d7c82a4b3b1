import {
  useEffect,
  useId,
  useRef,
  type FormHTMLAttributes,
  type InputHTMLAttributes,
  type ReactNode,
  type SelectHTMLAttributes,
  type TextareaHTMLAttributes,
} from 'react'
import { useApp } from '../app.tsx'
import { errorText, faultsOf } from '../api/api.ts'
import { Icon } from '../ui/icons.tsx'

type Labelled = { label: string; hint?: string | undefined; fault?: string | undefined }

function Frame({ id, label, hint, fault, children }: Labelled & { id: string; children: ReactNode }) {
  return (
    <div className={fault ? 'field faulty' : 'field'}>
      <label htmlFor={id}>{label}</label>
      {children}
      {hint ? (
        <p id={`${id}-hint`} className="hint">
          {hint}
        </p>
      ) : null}
      {fault ? (
        <p id={`${id}-fault`} className="fault">
          <Icon name="warn" size={16} /> {fault}
        </p>
      ) : null}
    </div>
  )
}

const described = (id: string, hint?: string, fault?: string) => ({
  'aria-describedby': [hint ? `${id}-hint` : '', fault ? `${id}-fault` : ''].filter(Boolean).join(' ') || undefined,
  'aria-invalid': fault ? true : undefined,
})

/** A form that checks for itself. When faults appear the first field that has one takes the focus. */
export function Form({
  faults,
  children,
  ...form
}: { faults: Record<string, string> } & FormHTMLAttributes<HTMLFormElement>) {
  const element = useRef<HTMLFormElement>(null)
  useEffect(() => {
    if (Object.keys(faults).length > 0) element.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus()
  }, [faults])
  return (
    <form ref={element} className="form" noValidate {...form}>
      {children}
    </form>
  )
}

/** One line of text with its label, hint and fault. */
export function TextField({ label, hint, fault, ...input }: Labelled & InputHTMLAttributes<HTMLInputElement>) {
  const id = useId()
  return (
    <Frame id={id} label={label} hint={hint} fault={fault}>
      <input id={id} {...described(id, hint, fault)} {...input} />
    </Frame>
  )
}

export function AreaField({ label, hint, fault, ...area }: Labelled & TextareaHTMLAttributes<HTMLTextAreaElement>) {
  const id = useId()
  return (
    <Frame id={id} label={label} hint={hint} fault={fault}>
      <textarea id={id} rows={4} {...described(id, hint, fault)} {...area} />
    </Frame>
  )
}

export function SelectField({
  label,
  hint,
  fault,
  children,
  ...select
}: Labelled & SelectHTMLAttributes<HTMLSelectElement>) {
  const id = useId()
  return (
    <Frame id={id} label={label} hint={hint} fault={fault}>
      <select id={id} {...described(id, hint, fault)} {...select}>
        {children}
      </select>
    </Frame>
  )
}

type Choice<V extends string> = { value: V; label: ReactNode; note?: ReactNode; disabled?: boolean }

/** One of a few, all visible. */
export function Choices<V extends string>({
  legend,
  name,
  value,
  choices,
  onChange,
  look = 'cards',
}: {
  legend: string
  name: string
  value: V | undefined
  choices: readonly Choice<V>[]
  onChange: (value: V) => void
  look?: 'cards' | 'segments'
}) {
  return (
    <fieldset className={`choices ${look}`}>
      <legend className={look === 'segments' ? 'hidden-visually' : undefined}>{legend}</legend>
      <div className="choices-row">
        {choices.map((choice) => (
          <label key={choice.value} className={choice.disabled ? 'choice disabled' : 'choice'}>
            <input
              type="radio"
              name={name}
              value={choice.value}
              checked={choice.value === value}
              disabled={choice.disabled}
              onChange={() => onChange(choice.value)}
            />
            <span className="choice-label">{choice.label}</span>
            {choice.note ? <span className="choice-note">{choice.note}</span> : null}
          </label>
        ))}
      </div>
    </fieldset>
  )
}

/**
 * What went wrong with a form as a whole. It takes the focus when it appears. Faults that have a field of their own
 * (`shown`) stand there; all others are listed here, so that none is lost.
 */
export function FormFailure({ error, shown = [] }: { error: unknown; shown?: readonly string[] }) {
  const { t, lang } = useApp()
  const element = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (error) element.current?.focus()
  }, [error])
  if (!error) return null
  const faults = faultsOf(error)
  const others = Object.entries(faults).filter(([field]) => !shown.includes(field))
  return (
    <div className="notice bad" role="alert" tabIndex={-1} ref={element}>
      <Icon name="warn" />
      <div>
        <p className="notice-title">
          {Object.keys(faults).length > others.length
            ? t.common.faults(Object.keys(faults).length)
            : errorText(error, lang, t.common.networkError)}
        </p>
        {others.length > 0 ? (
          <ul className="bullets">
            {others.slice(0, 20).map(([field, detail]) => (
              <li key={field}>
                <code>{field}</code> {detail}
              </li>
            ))}
          </ul>
        ) : null}
      </div>
    </div>
  )
}
