// Command gateway stands in front of the shop's services: it checks the
// customer's token, picks a language and passes the request on.
package main

import (
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"

	"github.com/gin-gonic/gin"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/h2c"
	"golang.org/x/text/language"

	"example.com/storefront/gateway/internal/auth"
)

var languages = language.NewMatcher([]language.Tag{
	language.English,
	language.German,
	language.French,
	language.Dutch,
})

// chooseLanguage sets X-Shop-Language from what the browser prefers.
func chooseLanguage(c *gin.Context) {
	wanted, _, err := language.ParseAcceptLanguage(c.GetHeader("Accept-Language"))
	if err != nil {
		wanted = nil
	}
	tag, _, _ := languages.Match(wanted...)
	c.Request.Header.Set("X-Shop-Language", tag.String())
	c.Next()
}

func passTo(target string) gin.HandlerFunc {
	u, err := url.Parse(target)
	if err != nil {
		log.Fatalf("bad service address %q: %v", target, err)
	}
	proxy := httputil.NewSingleHostReverseProxy(u)
	return func(c *gin.Context) { proxy.ServeHTTP(c.Writer, c.Request) }
}

func env(name, fallback string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return fallback
}

func router() *gin.Engine {
	r := gin.New()
	r.Use(gin.Recovery(), chooseLanguage)
	r.GET("/healthz", func(c *gin.Context) { c.String(http.StatusOK, "ok") })
	r.Any("/products/*path", passTo(env("CATALOGUE_URL", "http://localhost:8000")))

	orders := r.Group("/orders", auth.Customer([]byte(os.Getenv("SESSION_SECRET"))))
	orders.Any("/*path", passTo(env("API_URL", "http://localhost:8080")))
	return r
}

func main() {
	// HTTP/2 without TLS: the load balancer ends TLS.
	handler := h2c.NewHandler(router(), &http2.Server{})
	log.Fatal(http.ListenAndServe(env("LISTEN", ":8090"), handler))
}
