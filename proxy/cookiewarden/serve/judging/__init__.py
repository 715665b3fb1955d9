"""One exchange's cookies: judged, counted, traced and tried by the shadow policy. No transport."""
