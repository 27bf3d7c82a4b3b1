import { Type, Strict, OneOf, Id, Empty, type Static } from '../schema.ts'
import { route } from './route.ts'

export const roles = ['buyer', 'staff', 'organiser', 'admin'] as const
export type Role = (typeof roles)[number]

export const Account = Strict({
  id: Type.String(),
  email: Type.String(),
  name: Type.String(),
  locale: OneOf(['ko', 'en']),
  verified: Type.Boolean(),
  roles: Type.Array(OneOf(roles)),
})
export type Account = Static<typeof Account>

const Email = Type.String({ format: 'email', maxLength: 254 })
const Password = Type.String({ minLength: 1, maxLength: 200 })
const Code = Type.String({ pattern: '^[0-9]{6}$' })
const SignedIn = Strict({ account: Account, accessToken: Type.String(), expiresInSeconds: Type.Integer() })

export const register = route({
  method: 'POST',
  path: '/api/accounts',
  caller: 'anyone',
  summary: 'Register. A code of six digits is mailed; until it is entered the account may look but not join',
  body: Strict({
    email: Email,
    password: Password,
    // Something visible and no control characters: the name is printed in mails.
    name: Type.String({ minLength: 1, maxLength: 100, pattern: '^(?=.*\\S)[^\\p{Cc}]+$' }),
    locale: Type.Optional(OneOf(['ko', 'en'])),
  }),
  answers: { 201: SignedIn },
  errors: ['identity.email-taken', 'identity.weak-password', 'http.too-many-requests', 'http.overloaded'],
})

export const verifyEmail = route({
  method: 'POST',
  path: '/api/accounts/verify',
  caller: 'anyone',
  summary: 'Enter the code of the verification mail; a signed-in caller gets a fresh access token that says so',
  body: Strict({ email: Email, code: Code }),
  answers: {
    200: Strict({
      account: Account,
      accessToken: Type.Optional(Type.String()),
      expiresInSeconds: Type.Optional(Type.Integer()),
    }),
  },
  errors: ['identity.wrong-code', 'identity.too-many-attempts'],
})

export const resendCode = route({
  method: 'POST',
  path: '/api/accounts/verify/resend',
  caller: 'anyone',
  summary: 'Mail a new code. The answer is the same whether or not the address is known',
  body: Strict({ email: Email }),
  answers: { 202: Empty },
  errors: ['identity.too-many-attempts'],
})

export const askPasswordReset = route({
  method: 'POST',
  path: '/api/password-resets',
  caller: 'anyone',
  summary: 'Mail a code that sets a new password. The answer is the same whether or not the address is known',
  body: Strict({ email: Email }),
  answers: { 202: Empty },
  errors: ['identity.too-many-attempts'],
})

export const confirmPasswordReset = route({
  method: 'POST',
  path: '/api/password-resets/confirm',
  caller: 'anyone',
  summary:
    'Set a new password with the code of the mail, which works once. All sessions end, the address counts as verified; nobody is signed in',
  body: Strict({ email: Email, code: Code, password: Password }),
  answers: { 204: null },
  errors: ['identity.wrong-code', 'identity.too-many-attempts', 'identity.weak-password', 'http.overloaded'],
})

export const me = route({
  method: 'GET',
  path: '/api/accounts/me',
  caller: 'buyer',
  summary: 'The signed-in account',
  answers: { 200: Account },
})

export const findAccounts = route({
  method: 'GET',
  path: '/api/accounts',
  caller: 'admin',
  summary: 'Look an account up by its e-mail address',
  query: Strict({ email: Email }),
  answers: { 200: Strict({ items: Type.Array(Account) }) },
})

/** Whom an id stands for, as far as an organiser needs to know to talk about somebody: `k…@example.com`. */
export const MaskedAccount = Strict({ id: Type.String(), name: Type.String(), email: Type.String() })
export type MaskedAccount = Static<typeof MaskedAccount>

export const maskedAccounts = route({
  method: 'GET',
  path: '/api/accounts/masked',
  caller: 'organiser',
  summary: 'Name and e-mail of accounts with most of their letters left out; unknown ids are left out',
  query: Strict({ ids: Type.String({ maxLength: 4000, description: 'at most 50, by comma' }) }),
  answers: { 200: Strict({ items: Type.Array(MaskedAccount) }) },
})

export const setRoles = route({
  method: 'PUT',
  path: '/api/accounts/{id}/roles',
  caller: 'admin',
  summary: 'Appoint organisers and staff',
  params: Strict({ id: Id }),
  body: Strict({ roles: Type.Array(OneOf(roles), { uniqueItems: true, maxItems: 4 }) }),
  answers: { 200: Account },
  errors: ['identity.account-not-found', 'identity.last-admin'],
})

export const signIn = route({
  method: 'POST',
  path: '/api/sessions',
  caller: 'anyone',
  summary: 'Sign in. The refresh token is set as a cookie',
  body: Strict({ email: Email, password: Password }),
  answers: { 201: SignedIn },
  errors: ['identity.wrong-credentials', 'identity.too-many-attempts', 'http.overloaded'],
})

export const refreshSession = route({
  method: 'POST',
  path: '/api/sessions/refresh',
  caller: 'anyone',
  summary: 'Exchange the refresh cookie for a new one and a new access token; a used one ends the whole session',
  answers: { 200: SignedIn },
  errors: ['identity.session-ended'],
})

export const signOut = route({
  method: 'DELETE',
  path: '/api/sessions/current',
  caller: 'anyone',
  summary: 'End the session of the refresh cookie',
  answers: { 204: null },
})

export const jwks = route({
  method: 'GET',
  path: '/.well-known/jwks.json',
  caller: 'anyone',
  summary: 'Public keys of access tokens',
  answers: { 200: Type.Object({ keys: Type.Array(Type.Record(Type.String(), Type.Unknown())) }) },
  cache: 'public, max-age=300',
})

export const identityRoutes = {
  register,
  verifyEmail,
  resendCode,
  askPasswordReset,
  confirmPasswordReset,
  me,
  findAccounts,
  maskedAccounts,
  setRoles,
  signIn,
  refreshSession,
  signOut,
  jwks,
}
