package com.example.storefront.api;

import java.io.InputStream;
import java.util.Map;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/** Shipping costs by country, from rates.yaml. */
public class ShippingRates {
    private final Map<String, Integer> cents;

    public ShippingRates(InputStream yaml) {
        cents = new Yaml(new SafeConstructor()).load(yaml);
    }

    public int to(String country) {
        return cents.getOrDefault(country, cents.get("elsewhere"));
    }
}
