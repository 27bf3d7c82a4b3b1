import { passwordChanged, passwordResetCode, verificationCode } from './account-letters.ts'
import { auctionLetter } from './auction-letters.ts'
import { awardEnding, awardNotWon, awardWon } from './ballot-letters.ts'
import { eventCancelled } from './cancelled-letter.ts'
import { depositAwaited, refundAccountNeeded } from './deposit-letters.ts'
import { renderLetter, type Language, type Letter, type Rendered } from './letter.ts'
import type { MessageContent } from './message.ts'
import { orderRefunded, ticketsIssued } from './order-letters.ts'
import { webhookDisabled } from './organiser-letters.ts'
import { seatsReturned } from './return-letter.ts'
import { offerLetter } from './waitlist-letters.ts'

/** Writes a message for somebody who reads `locale`. @param publicUrl  where the site is, without a slash at the end */
export function write(content: MessageContent, locale: string, publicUrl: string): Rendered {
  const language: Language = locale.startsWith('en') ? 'en' : 'ko'
  return renderLetter(letterOf(content, language, publicUrl))
}

function letterOf(content: MessageContent, language: Language, publicUrl: string): Letter {
  switch (content.kind) {
    case 'verification-code':
      return verificationCode(content.data, language)
    case 'password-reset-code':
      return passwordResetCode(content.data, language)
    case 'password-changed':
      return passwordChanged(language, publicUrl)
    case 'tickets-issued':
      return ticketsIssued(content.data, language, publicUrl)
    case 'award-won':
      return awardWon(content.data, language, publicUrl)
    case 'award-not-won':
      return awardNotWon(content.data, language, publicUrl)
    case 'award-ending':
      return awardEnding(content.data, language, publicUrl)
    case 'bid-pushed-out':
    case 'lot-won':
    case 'lot-not-won':
    case 'lot-award-ending':
      return auctionLetter(content, language, publicUrl)
    case 'offer-made':
    case 'offer-ending':
    case 'offer-lapsed':
      return offerLetter(content, language, publicUrl)
    case 'order-refunded':
      return orderRefunded(content.data, language, publicUrl)
    case 'seats-returned':
      return seatsReturned(content.data, language, publicUrl)
    case 'event-cancelled':
      return eventCancelled(content.data, language, publicUrl)
    case 'deposit-awaited':
      return depositAwaited(content.data, language, publicUrl)
    case 'refund-account-needed':
      return refundAccountNeeded(content.data, language, publicUrl)
    case 'webhook-disabled':
      return webhookDisabled(content.data, language, publicUrl)
  }
}
