import '@testing-library/jest-dom/vitest';
import { vi } from 'vitest';

// jsdom knows neither of these.
URL.createObjectURL = vi.fn(() => 'blob:made-by-a-test');
URL.revokeObjectURL = vi.fn();
