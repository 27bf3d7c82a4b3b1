import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import './ui/tokens.css'
import './ui/frame.css'
import './ui/words.css'
import './ui/forms.css'
import './ui/events.css'
import './ui/shop.css'
import './ui/orders.css'
import './ui/money.css'
import './ui/ballot.css'
import './ui/waitlist.css'
import './ui/auction.css'
import './ui/webhooks.css'
import './ui/organiser.css'
import './ui/gate.css'
import { browserParts } from './api/browser.ts'
import { AppProvider } from './app.tsx'
import { Routes } from './routes.tsx'

const parts = browserParts()
const root = document.getElementById('app')
if (!root) throw new Error('index.html has no #app')
createRoot(root).render(
  <StrictMode>
    <AppProvider parts={parts}>
      <Routes />
    </AppProvider>
  </StrictMode>,
)
