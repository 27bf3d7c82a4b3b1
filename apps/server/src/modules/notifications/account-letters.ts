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

/** As the verification code, it says nothing that a person chose. */
export function passwordResetCode({ code }: DataOf<'password-reset-code'>, language: Language): Letter {
  const words = {
    ko: {
      subject: 'Fairgate 비밀번호 재설정 코드',
      title: '비밀번호 재설정 코드',
      enter: '아래 숫자 여섯 자리를 비밀번호 재설정 화면에 입력하고 새 비밀번호를 정해 주세요.',
      ends: '10분 안에 한 번만 쓸 수 있습니다. 새 코드를 받으면 이전 코드는 쓸 수 없습니다.',
      stranger:
        '직접 요청하지 않았다면 이 메일을 무시하셔도 됩니다. 비밀번호는 그대로입니다. 이 코드를 누구에게도 알려 주지 마세요.',
    },
    en: {
      subject: 'Your Fairgate code for a new password',
      title: 'Your code for a new password',
      enter: 'Enter these six digits on the screen where you asked for them, and choose a new password.',
      ends: 'The code works once and for ten minutes. A newer code replaces it.',
      stranger:
        'If you did not ask for it, you can ignore this mail: your password stays as it is. Do not give this code to anybody.',
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

/** For the owner of an account whose mail somebody else has read. */
export function passwordChanged(language: Language, publicUrl: string): Letter {
  const words = {
    ko: {
      subject: 'Fairgate 비밀번호가 변경되었습니다',
      title: '비밀번호가 변경되었습니다',
      what: '계정의 비밀번호가 새로 설정되었습니다. 안전을 위해 모든 기기에서 로그아웃했습니다. 새 비밀번호로 다시 로그인해 주세요.',
      stranger:
        '직접 변경하지 않았다면 누군가 이 메일함을 볼 수 있다는 뜻입니다. 메일 비밀번호를 먼저 바꾼 다음, 여기에서 비밀번호를 다시 설정해 주세요.',
      link: '비밀번호 재설정',
    },
    en: {
      subject: 'Your Fairgate password was changed',
      title: 'Your password was changed',
      what: 'Your account has a new password. To be safe, we have signed you out on every device. Please sign in again with the new one.',
      stranger:
        'If this was not you, somebody can read your mail. Change the password of your mailbox first, then reset this one here.',
      link: 'Reset the password',
    },
  }[language]
  return {
    language,
    subject: words.subject,
    title: words.title,
    blocks: [
      { kind: 'paragraph', text: words.what },
      { kind: 'paragraph', text: words.stranger },
      { kind: 'link', label: words.link, url: `${publicUrl}/reset-password` },
    ],
  }
}
