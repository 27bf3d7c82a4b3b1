/** Banks that a refund can go to, by the code that Toss Payments uses for them ("은행 코드"). */
export const banks = {
  '02': { ko: 'KDB산업은행', en: 'KDB' },
  '03': { ko: 'IBK기업은행', en: 'IBK' },
  '06': { ko: 'KB국민은행', en: 'KB Kookmin' },
  '07': { ko: 'Sh수협은행', en: 'Suhyup' },
  '11': { ko: 'NH농협은행', en: 'NH NongHyup' },
  '12': { ko: '단위농협(지역농축협)', en: 'Local NongHyup' },
  '20': { ko: '우리은행', en: 'Woori' },
  '23': { ko: 'SC제일은행', en: 'SC First' },
  '27': { ko: '씨티은행', en: 'Citi' },
  '31': { ko: 'iM뱅크(대구)', en: 'iM Bank (Daegu)' },
  '32': { ko: '부산은행', en: 'Busan' },
  '34': { ko: '광주은행', en: 'Gwangju' },
  '35': { ko: '제주은행', en: 'Jeju' },
  '37': { ko: '전북은행', en: 'Jeonbuk' },
  '39': { ko: '경남은행', en: 'Kyongnam' },
  '45': { ko: '새마을금고', en: 'Saemaul' },
  '48': { ko: '신협', en: 'Shinhyup' },
  '50': { ko: '저축은행중앙회', en: 'Savings banks' },
  '64': { ko: '산림조합', en: 'Forestry cooperative' },
  '71': { ko: '우체국예금보험', en: 'Korea Post' },
  '81': { ko: '하나은행', en: 'Hana' },
  '88': { ko: '신한은행', en: 'Shinhan' },
  '89': { ko: '케이뱅크', en: 'K bank' },
  '90': { ko: '카카오뱅크', en: 'Kakao Bank' },
  '92': { ko: '토스뱅크', en: 'Toss Bank' },
} as const

export type BankCode = keyof typeof banks
export const bankCodes = Object.keys(banks).toSorted() as BankCode[]

/** What people call a bank; the code itself when it is not known. */
export function bankName(code: string, language: 'ko' | 'en'): string {
  return Object.hasOwn(banks, code) ? banks[code as BankCode][language] : code
}
