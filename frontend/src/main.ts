import { mount } from 'svelte';
import App from './App.svelte';
import './app.css';
import { applyTheme } from './lib/theme.svelte';

const target = document.getElementById('app');
if (!target) throw new Error('index.html has no #app');
applyTheme();
mount(App, { target });
