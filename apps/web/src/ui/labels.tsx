import { Fragment } from 'react'

/** Names of seats in a row; a line never ends within one, as it could after the hyphen of `A-12`. */
export function Labels({ of }: { of: readonly string[] }) {
  return of.map((label, index) => (
    <Fragment key={label}>
      {index > 0 ? ', ' : null}
      <span className="unbroken">{label}</span>
    </Fragment>
  ))
}
