import Type, { type Static, type TSchema } from 'typebox'

export { Type, type Static, type TSchema }

/** An object that refuses unknown members: a client's typo is an error, never silence. */
export const Strict = <P extends Record<string, TSchema>>(members: P, options: { description?: string } = {}) =>
  Type.Object(members, { ...options, additionalProperties: false })

/** One of a closed set of words. */
export const OneOf = <const W extends readonly string[]>(words: W) => Type.Unsafe<W[number]>(Type.Enum([...words]))

/** Any identifier in a path or a body. Its form is not checked here: an unknown id is a 404, however it is misspelt. */
export const Id = Type.String({ minLength: 1, maxLength: 80 })

/** RFC 3339 instant in UTC, as every answer writes it. Requests may carry another offset. */
export const Instant = Type.String({ format: 'date-time' })

/** IANA time zone name. */
export const TimeZone = Type.String({ minLength: 1, maxLength: 64 })

export const Empty = Strict({})
