import { Type, Strict, type Static } from '../schema.ts'
import { route } from './route.ts'

export const TextMessages = Strict({
  isOffered: Type.Boolean({ description: 'this place sends text messages at all' }),
  phone: Type.Union([Type.String(), Type.Null()], { description: 'in E.164; null: none are sent' }),
})
export type TextMessages = Static<typeof TextMessages>

export const getTextMessages = route({
  method: 'GET',
  path: '/api/notifications/text-messages',
  caller: 'buyer',
  summary: 'Whether and where you are told by text message',
  answers: { 200: TextMessages },
})

export const wantTextMessages = route({
  method: 'PUT',
  path: '/api/notifications/text-messages',
  caller: 'buyer',
  summary: 'Be told what cannot wait by text message too, on this Korean mobile number',
  body: Strict({
    phone: Type.String({ minLength: 9, maxLength: 24, description: '`010-1234-5678` or `+821012345678`' }),
  }),
  answers: { 200: TextMessages },
  errors: ['notifications.phone-invalid', 'notifications.texts-not-offered', 'identity.not-verified'],
})

export const leaveTextMessages = route({
  method: 'DELETE',
  path: '/api/notifications/text-messages',
  caller: 'buyer',
  summary: 'No more text messages; the number is forgotten',
  answers: { 204: null },
})

export const notificationRoutes = { getTextMessages, wantTextMessages, leaveTextMessages }
