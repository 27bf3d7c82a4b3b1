import type { PlanFault, PlanFaultCode, PlanWarning, PlanWarningCode } from '@fairgate/contracts/plans/plan'
import type { Language } from '../i18n/language.ts'

type Texts = {
  title: string
  lead: string
  choose: string
  drop: string
  again: string
  prices: (currency: string) => string
  faults: (count: number) => string
  more: (count: number) => string
  warnings: (count: number) => string
  preview: (sections: number, seats: number, capacity: number) => string
  section: string
  price: string
  places: string
  confirm: (sections: number) => string
  importing: string
  has: (sections: number) => string
  remove: string
  removeQuestion: string
  removeYes: string
  keep: string
  where: (where: string) => string
  /** What is to be said of a part of the file. */
  note: (note: PlanFault | PlanWarning) => string
}

const plural = (count: number, one: string, many: string) => `${count.toLocaleString('en')} ${count === 1 ? one : many}`
const number = (count: number) => count.toLocaleString('ko')

const en: Texts = {
  title: 'The whole venue from one file',
  lead: 'Our own format, pretix, a seats.io chart or CSV. You see everything before anything is added.',
  choose: 'Choose a file',
  drop: 'You can also drop a file on it.',
  again: 'Choose another file',
  prices: (currency) => `The file names no prices. What does each category cost? (${currency})`,
  faults: (count) => `${plural(count, 'thing', 'things')} to put right; nothing was added`,
  more: (count) => `and ${plural(count, 'more', 'more')}`,
  warnings: (count) => `${plural(count, 'note', 'notes')} on what was changed or left out`,
  preview: (sections, seats, capacity) =>
    `${plural(sections, 'section', 'sections')}, ${plural(seats, 'numbered seat', 'numbered seats')}, ${plural(capacity, 'place', 'places')} in all`,
  section: 'Section',
  price: 'Price',
  places: 'Places',
  confirm: (sections) => `Add ${plural(sections, 'section', 'sections')}`,
  importing: 'Adding…',
  has: (sections) => `This event has a seating plan with ${plural(sections, 'section', 'sections')}.`,
  remove: 'Remove the plan',
  removeQuestion: 'Remove the plan with all its sections?',
  removeYes: 'Remove',
  keep: 'Keep it',
  where: (where) => (where === '#' ? 'The file' : where),
  note: ({ message }) => message,
}

const koreanNotes: Record<PlanFaultCode | PlanWarningCode, string> = {
  'too-large': '너무 큽니다',
  'empty-file': '비어 있습니다',
  compressed: '압축 파일이나 그림입니다. 배치도 파일을 보내 주세요',
  encoding: 'UTF-8이 아닙니다. UTF-8로 저장해 주세요',
  'not-json': '여기부터 JSON이 아닙니다',
  'too-deep': '너무 깊이 겹쳐 있습니다',
  'forbidden-key': '쓸 수 없는 이름입니다',
  'duplicate-key': '두 번 나옵니다',
  'unknown-format': '알 수 없는 형식입니다',
  'csv-header': '첫 줄에 열 이름이 있어야 합니다',
  'csv-shape': '칸이 너무 많거나 따옴표가 닫히지 않았습니다',
  missing: '값이 없습니다',
  'wrong-type': '여기에 맞지 않는 값입니다',
  'unknown-member': '알 수 없는 항목입니다',
  'empty-plan': '구역이 없습니다',
  'too-many': '한 배치도에 담을 수 있는 수를 넘습니다',
  'too-long': '너무 깁니다',
  characters: '안전하게 보여 줄 수 없는 문자가 있습니다',
  'duplicate-section': '같은 이름의 구역이 이미 있습니다',
  'duplicate-category': '같은 등급이 두 번 나옵니다',
  'unknown-category': '파일에 없는 등급입니다',
  'no-price': '가격이 없습니다',
  price: '가격으로 읽을 수 없습니다',
  currency: '행사의 통화가 아닙니다',
  'duplicate-seat': '같은 좌석이 두 번 나옵니다',
  overlap: '다른 좌석과 겹칩니다',
  coordinate: '너무 멀리 있습니다',
  companion: '같은 구역의 휠체어석과 짝이 맞지 않습니다',
  polygon: '다각형이 아닙니다',
  capacity: '좌석 수로 읽을 수 없습니다',
  'left-out': '옮기지 않았습니다',
  split: '등급별로 구역을 나누었습니다',
  'laid-out': '위치가 없어 줄을 곧게 놓았습니다',
  'as-text': '다른 모양으로 옮겼습니다',
  'outside-outline': '테두리 밖에 있는 좌석이 있습니다',
}

const ko: Texts = {
  title: '파일 하나로 전체 좌석 만들기',
  lead: 'Fairgate 형식, pretix, seats.io 차트, CSV를 읽습니다. 추가하기 전에 모두 미리 보여 드려요.',
  choose: '파일 선택',
  drop: '파일을 끌어다 놓아도 됩니다.',
  again: '다른 파일 선택',
  prices: (currency) => `파일에 가격이 없습니다. 등급별 가격을 적어 주세요. (${currency})`,
  faults: (count) => `고칠 곳이 ${number(count)}군데 있어 아무것도 추가하지 않았습니다`,
  more: (count) => `외 ${number(count)}건`,
  warnings: (count) => `바뀌거나 빠진 것 ${number(count)}건`,
  preview: (sections, seats, capacity) =>
    `구역 ${number(sections)}개, 지정 좌석 ${number(seats)}석, 모두 ${number(capacity)}석`,
  section: '구역',
  price: '가격',
  places: '좌석 수',
  confirm: (sections) => `구역 ${number(sections)}개 추가`,
  importing: '추가하는 중…',
  has: (sections) => `좌석 배치도로 만든 구역이 ${number(sections)}개 있습니다.`,
  remove: '배치도 지우기',
  removeQuestion: '배치도와 그 구역을 모두 지울까요?',
  removeYes: '지우기',
  keep: '그대로 두기',
  where: (where) =>
    where === '#'
      ? '파일'
      : where.replace(/^line (\d+)(?:, column (\d+))?$/, (_, line: string, column?: string) =>
          column ? `${line}번째 줄 ${column}번째 칸` : `${line}번째 줄`,
        ),
  // What the message quotes from the file is shown as it is.
  note: ({ code, message }) => [...(message.match(/“[^”]*”/g) ?? []), koreanNotes[code]].join(' '),
}

export const planTexts: Record<Language, Texts> = { en, ko }
