import type { Language, Letter } from './letter.ts'
import type { DataOf } from './message.ts'

/** Says nothing that a person chose, neither name nor address: the code must be the only six digits in a row. */
export function verificationCode({ code }: DataOf<'verification-code'>, language: Language): Letter {
  const words = {
    ko: {
      subject: 'Fairgate 이메일 인증 코드',
      title: '이메일 인증 코드',
      enter: '아래 숫자 여섯 자리를 인증 화면에 입력해 주세요.',
      ends: '10분 안에 입력해 주세요. 새 코드를 받으면 이전 코드는 쓸 수 없습니다.',
      stranger: '가입한 적이 없다면 이 메일을 무시하셔도 됩니다.',
    },
    en: {
      subject: 'Your Fairgate verification code',
      title: 'Your verification code',
      enter: 'Enter these six digits on the verification screen.',
      ends: 'The code works for ten minutes. A newer code replaces it.',
      stranger: 'If you did not register, you can ignore this mail.',
    },
  }[language]
  return {
    language,
    subject: words.subject,
    title: words.title,
    blocks: [
      { kind: 'paragraph', text: words.enter },
      { kind: 'code', code },
      { kind: 'paragraph', text: words.ends },
      { kind: 'paragraph', text: words.stranger },
    ],
  }
}
